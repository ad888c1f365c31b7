using System.CommandLine;
using Stip.Client.Transport;
using Stip.Gateway.Profiles;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary><c>login</c> and <c>logout</c>: the server and the key for it, kept for the other commands.</summary>
internal static class LoginCommand
{
    public static Command Create()
    {
        var endpoint = new Option<string>("--endpoint")
        {
            Required = true,
            Description = "Address of the server, e.g. http://127.0.0.1:5000.",
        };
        var command = new Command("login", "Keeps a server's address and a key (of STIP_API_KEY or standard input).")
        {
            endpoint,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var profile = new Profile(Address(parsed.GetRequiredValue(endpoint)), ReadKey());
            // A key that does not work is not kept.
            using var client = StipHttpClient.Connect(profile.Endpoint, profile.ApiKey);
            var models = await client.ListModelsAsync(cancellation);
            ProfileFile.OfUser.Write(profile);
            Console.WriteLine(
                $"logged in to {profile.Endpoint}, {models.Count} models; kept in {ProfileFile.OfUser.Location}");
            return ExitCodes.Done;
        });
        return command;
    }

    public static Command CreateLogout()
    {
        var command = new Command("logout", "Forgets what login kept.");
        command.SetAction(_ =>
        {
            Console.WriteLine(ProfileFile.OfUser.Delete() ? "logged out" : "there was no profile");
            return ExitCodes.Done;
        });
        return command;
    }

    private static Uri Address(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https")
            ? StipHttpClient.Address(uri)
            : throw new RefusedException($"--endpoint '{text}' is not an http or https address");

    private static string ReadKey()
    {
        var key = Environment.GetEnvironmentVariable(ConnectionOptions.ApiKeyVariable);
        if (string.IsNullOrEmpty(key))
        {
            key = Console.In.ReadLine()?.Trim();
        }

        return string.IsNullOrEmpty(key) || key.Any(c => c is <= ' ' or > '~')
            ? throw new RefusedException("no key: give one in STIP_API_KEY or as a line of standard input")
            : key;
    }
}
