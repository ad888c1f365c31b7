using System.CommandLine;
using System.CommandLine.Parsing;
using Stip.Client.Bundles;
using Stip.Client.Transport;
using Stip.Gateway.Profiles;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary>Which bundles, which server, which key.</summary>
internal sealed class ConnectionOptions
{
    internal const string ApiKeyVariable = "STIP_API_KEY";
    private const string EndpointVariable = "STIP_ENDPOINT";

    private readonly Option<string[]> _bundles = new("--bundle")
    {
        Required = true,
        Description = "Folder client/ of protect, or a sealed file; repeat it for several models.",
    };

    private readonly Option<string?> _endpoint = new("--endpoint")
    {
        DefaultValueFactory = _ => Given(EndpointVariable),
        Description =
            $"Address of the server, e.g. http://127.0.0.1:5000; else {EndpointVariable}, else that of login.",
    };

    private readonly Option<string?> _apiKey = new("--api-key")
    {
        DefaultValueFactory = _ => null,
        Description = $"Key with the scope infer; else {ApiKeyVariable}, else that of login.",
    };

    private readonly Option<bool> _allowUnprotected = new("--allow-unprotected")
    {
        Description = "Opens bundles of --mode none, whose prompts the server can read. For comparison only.",
    };

    private readonly Option<string?> _identity =
        SealCommands.Identity("PEM of the private key that opens sealed files");

    private readonly Option<string?> _draft = new("--draft")
    {
        Description = "Folder of export with a small model of the same tokenizer that guesses ahead on this machine.",
    };

    /// <param name="command">Gets the options.</param>
    /// <param name="takesDraft">False where nothing is generated, so that nothing can be guessed.</param>
    public void AddTo(Command command, bool takesDraft = true)
    {
        _draft.Hidden = !takesDraft;
        _endpoint.Validators.Add(CheckEndpoint);
        _apiKey.Validators.Add(CheckApiKey);
        command.Options.Add(_bundles);
        command.Options.Add(_identity);
        command.Options.Add(_endpoint);
        command.Options.Add(_apiKey);
        command.Options.Add(_allowUnprotected);
        command.Options.Add(_draft);
    }

    /// <summary>Opens everything; nothing is sent yet.</summary>
    public Connection Open(ParseResult parsed)
    {
        var (endpoint, apiKey) = Server(parsed.GetValue(_endpoint), ApiKey(parsed.GetValue(_apiKey)));
        var client = StipHttpClient.Connect(endpoint, apiKey);
        var unsealed = new UnsealedBundles();
        var connection = new Connection(client, unsealed);
        try
        {
            foreach (var path in parsed.GetRequiredValue(_bundles))
            {
                var folder = unsealed.Open(path, () => SealCommands.SecretOf(parsed.GetValue(_identity)));
                var bundle = Bundle.Open(folder, parsed.GetValue(_allowUnprotected));
                connection.Add(bundle, parsed.GetValue(_draft));
                Warn(bundle);
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Warn(Bundle bundle)
    {
        if (!bundle.IsProtected)
        {
            Console.Error.WriteLine(
                $"warning: '{bundle.Manifest.Model}' is not protected (--mode none): its server can read every prompt");
        }
    }

    private static (Uri Endpoint, string ApiKey) Server(string? endpoint, string? apiKey)
    {
        if (endpoint is not null && apiKey is not null)
        {
            return (new Uri(endpoint), apiKey);
        }

        var profile = ProfileFile.OfUser.Read() ?? throw new RefusedException("logged out meanwhile: log in again");
        if (endpoint is null && apiKey is null)
        {
            return (profile.Endpoint, profile.ApiKey);
        }

        // A key is shown to no other server than the one it is for.
        if (endpoint is null && apiKey != profile.ApiKey)
        {
            throw new RefusedException(
                $"login is for {profile.Endpoint} with another key: give --endpoint for this one");
        }

        return endpoint is null || IsSame(new Uri(endpoint), profile.Endpoint)
            ? (profile.Endpoint, apiKey ?? profile.ApiKey)
            : throw new RefusedException($"the key of login is for {profile.Endpoint}: give --api-key for {endpoint}");
    }

    // Profiles of before keep the address as it was typed.
    private static bool IsSame(Uri one, Uri other) => StipHttpClient.Address(one) == StipHttpClient.Address(other);

    private static string? ApiKey(string? option) =>
        option ?? Given(ApiKeyVariable);

    // A variable that is set to nothing is not set.
    private static string? Given(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;

    private static void CheckEndpoint(OptionResult result)
    {
        var value = result.GetValueOrDefault<string?>();
        if (value is null && ProfileFile.OfUser.Exists)
        {
            return;
        }

        if (!Uri.TryCreate(value, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            result.AddError(value is null
                ? $"--endpoint is missing: the server's address, set {EndpointVariable}, or login"
                : $"--endpoint '{value}' is not an http or https address");
        }
    }

    private static void CheckApiKey(OptionResult result)
    {
        var key = ApiKey(result.GetValueOrDefault<string?>());
        if (key is null && ProfileFile.OfUser.Exists)
        {
            return;
        }

        if (string.IsNullOrEmpty(key))
        {
            result.AddError($"--api-key is missing: a key of the server, set {ApiKeyVariable}, or login");
        }
        else if (key.Any(c => c is <= ' ' or > '~'))
        {
            result.AddError("--api-key holds a space or a character that no key has");
        }
    }
}
