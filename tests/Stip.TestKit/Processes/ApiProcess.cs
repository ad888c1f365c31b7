using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Stip.TestKit.Processes;

/// <summary>A real Stip.Api process on a free port of this machine, with a data directory and a bootstrap key of its
/// own.</summary>
public sealed class ApiProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _data = new();
    private readonly IReadOnlyDictionary<string, string> _settings;
    private BuiltProgram _program;

    private ApiProcess(IReadOnlyDictionary<string, string> settings, int port)
    {
        Endpoint = new Uri($"http://127.0.0.1:{port}");
        _settings = settings;
        _program = StartProgram();
    }

    /// <summary>Base address.</summary>
    public Uri Endpoint { get; }

    /// <summary>The administrator's API key.</summary>
    public string ApiKey { get; } = $"stip_test_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24))}";

    /// <summary>Where the server keeps packages, uploads and keys.</summary>
    public string DataDirectory => _data.Path;

    /// <summary>What the server has printed so far.</summary>
    public string Output => _program.Output;

    /// <summary>Id of the server's process.</summary>
    public int ProcessId => _program.Id;

    /// <summary>Processor time the server has used.</summary>
    public TimeSpan ProcessorTime => _program.ProcessorTime;

    /// <summary>Starts a server and waits until it is live.</summary>
    /// <param name="settings">Further settings, as environment variables (<c>Stip__Api__…</c>).</param>
    public static async Task<ApiProcess> StartAsync(IReadOnlyDictionary<string, string>? settings = null)
    {
        var server = new ApiProcess(settings ?? new Dictionary<string, string>(), FreePort());
        await server.WaitUntilLiveAsync();
        return server;
    }

    /// <summary>Uploads the package that <c>protect</c> wrote to <paramref name="packageFolder"/>.</summary>
    public Task PushAsync(string packageFolder) => ModelPackages.RunAsync(
        "push", "--package", packageFolder, "--endpoint", Endpoint.ToString(), "--api-key", ApiKey);

    /// <summary>Ends the process as a power cut would, and starts it again on the same port and data.</summary>
    public async Task RestartAsync()
    {
        await _program.DisposeAsync();
        _program = StartProgram();
        await WaitUntilLiveAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _program.DisposeAsync();
        _data.Dispose();
    }

    private BuiltProgram StartProgram() => BuiltProgram.Start(
        "Stip.Api",
        ["--urls", Endpoint.ToString()],
        new Dictionary<string, string>(_settings)
        {
            ["Stip__Api__DataDirectory"] = _data.Path,
            ["Stip__Api__BootstrapKey"] = ApiKey,
        });

    private async Task WaitUntilLiveAsync()
    {
        using var http = new HttpClient { BaseAddress = Endpoint };
        var started = Stopwatch.StartNew();
        while (started.Elapsed < Patience && !_program.HasExited)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri("/health/live", UriKind.Relative));
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }

        throw new InvalidOperationException($"Stip.Api was not live after {started.Elapsed}: {_program.Output}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
