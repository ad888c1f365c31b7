using System.CommandLine;
using System.Net.Http.Headers;
using Stip.Export.Pushing;
using Stip.Export.Terminal;
using Stip.Onnx;
using Stip.Protocol.Models;

namespace Stip.Export.Commands;

/// <summary><c>push</c>: a package's cloud folder goes to a server.</summary>
internal static class PushCommand
{
    private const string KeyVariable = "STIP_API_KEY";
    private const string Version = "/v1";

    // A server checks and loads the whole package before it answers.
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var package = new Option<string>("--package")
        {
            Required = true,
            Description = "Output of protect, or its cloud folder.",
        };
        var endpoint = new Option<string>("--endpoint") { Required = true, Description = "Address of the server." };
        var key = new Option<string?>("--api-key")
        {
            DefaultValueFactory = _ => Environment.GetEnvironmentVariable(KeyVariable),
            Description = $"Key with the scope models:write; {KeyVariable} otherwise.",
        };
        var command = new Command(
            "push", "Uploads a package in resumable parts and waits until the server has accepted it.")
        {
            package, endpoint, key,
        };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetRequiredValue(package), parsed.GetRequiredValue(endpoint), parsed.GetValue(key), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string folder, string endpoint, string? key, CancellationToken cancellation)
    {
        var package = CloudFolder.Open(folder);
        using var http = Connect(endpoint, key);
        var journal = UploadJournal.Open(UploadJournal.DefaultFolder, http.BaseAddress!, package.Manifest.Fingerprint);
        var push = new PackagePush(
            new PackageServer(http, FirstRetryDelay), package, journal, PackagePush.DefaultPartBytes);
        try
        {
            ModelObject? model = null;
            await ByteProgress.RunAsync(
                package.Manifest.Model,
                package.TotalBytes,
                async report => model = await push.RunAsync(report, cancellation));
            Console.WriteLine($"the server has accepted {OneLine.Of(model!.Id)}");
            return 0;
        }
        catch (OperationCanceledException e)
        {
            throw new RefusedException("interrupted; the same push goes on where this one stopped", e);
        }
    }

    private static HttpClient Connect(string endpoint, string? key)
    {
        // As people copy it from settings of OpenAI's SDKs, with the version behind it.
        if (!Uri.TryCreate(endpoint.TrimEnd('/') + '/', UriKind.Absolute, out var address)
            || address.Scheme is not ("http" or "https"))
        {
            throw new RefusedException($"endpoint '{endpoint}' is not an http or https address");
        }

        if (address.AbsolutePath.EndsWith(Version + '/', StringComparison.Ordinal))
        {
            address = new Uri(address, address.AbsolutePath[..^Version.Length]);
        }

        if (string.IsNullOrWhiteSpace(key))
        {
            throw new RefusedException($"there is no API key; give --api-key or set {KeyVariable}");
        }

        if (key.Any(character => character is < ' ' or > '~') || key.Trim() != key)
        {
            throw new RefusedException("the API key begins or ends with white space, or has a line end or another "
                + "character that is not printable ASCII");
        }

        var http = new HttpClient { BaseAddress = address, Timeout = RequestTimeout };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return http;
    }
}
