using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Stip.TestKit.Processes;

/// <summary>A real Stip.Api process on a free port of this machine, with a data directory and a bootstrap key of its
/// own.</summary>
public sealed class ApiProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _data = new();
    private readonly Dictionary<string, string> _settings;
    private readonly ServerCertificate? _certificate;
    private readonly int? _diskMegabytes;
    private BuiltProgram _program;

    private ApiProcess(IReadOnlyDictionary<string, string> settings, bool isSecure, int? diskMegabytes)
    {
        _diskMegabytes = diskMegabytes;
        Endpoint = new Uri($"http://127.0.0.1:{FreePort()}");
        _settings = new Dictionary<string, string>(settings);
        _settings.TryAdd("Stip__Api__Engine__SpinMicroseconds", "0"); // the cores are others' too while tests run
        if (isSecure)
        {
            _certificate = ServerCertificate.Write(_data.At("server.pfx"));
            AddEndpoints(_certificate);
        }

        _program = StartProgram();
    }

    /// <summary>Base address.</summary>
    public Uri Endpoint { get; }

    /// <summary>Where it speaks TLS, HTTP/1.1 and HTTP/2.</summary>
    public Uri SecureEndpoint { get; private set; } = null!;

    /// <summary>Where it speaks HTTP/2 in clear text and nothing else.</summary>
    public Uri Http2Endpoint { get; private set; } = null!;

    /// <summary>The authority of <see cref="SecureEndpoint"/>'s certificate.</summary>
    public X509Certificate2Collection Roots => [_certificate!.Certificate];

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
    /// <param name="isSecure">True for <see cref="SecureEndpoint"/> and <see cref="Http2Endpoint"/>.</param>
    /// <param name="diskMegabytes">Null for the machine's disk, else the size of a disk of its own, which nobody else
    /// sees and which needs <see cref="CanHaveADisk"/>.</param>
    public static async Task<ApiProcess> StartAsync(
        IReadOnlyDictionary<string, string>? settings = null, bool isSecure = false, int? diskMegabytes = null)
    {
        var server = new ApiProcess(settings ?? new Dictionary<string, string>(), isSecure, diskMegabytes);
        await server.WaitUntilReadyAsync();
        return server;
    }

    /// <summary>True where this machine lets a process mount a small disk for itself.</summary>
    public static bool CanHaveADisk()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/unshare"))
        {
            return false;
        }

        using var folder = new TemporaryFolder();
        using var tried = Process.Start(Disk(folder.Path, 1)[0], [.. Disk(folder.Path, 1).Skip(1), "true"]);
        tried.WaitForExit();
        return tried.ExitCode == 0;
    }

    /// <summary>Asks the server to end, and gives its exit code.</summary>
    public Task<int> TerminateAsync(TimeSpan patience) => _program.TerminateAsync(patience);

    /// <summary>Uploads the package that <c>protect</c> wrote to <paramref name="packageFolder"/>.</summary>
    public Task PushAsync(string packageFolder) => ModelPackages.RunAsync(
        "push", "--package", packageFolder, "--endpoint", Endpoint.ToString(), "--api-key", ApiKey);

    /// <summary>Ends the process as a power cut would, and starts it again on the same port and data.</summary>
    public async Task RestartAsync()
    {
        await _program.DisposeAsync();
        _program = StartProgram();
        await WaitUntilReadyAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _program.DisposeAsync();
        _data.Dispose();
        _certificate?.Dispose();
    }

    private BuiltProgram StartProgram() => BuiltProgram.Start(
        "Stip.Api",
        _certificate is null ? ["--urls", Endpoint.ToString()] : [],
        new Dictionary<string, string>(_settings)
        {
            ["Stip__Api__DataDirectory"] = _data.Path,
            ["Stip__Api__BootstrapKey"] = ApiKey,
        },
        _diskMegabytes is { } megabytes ? Disk(_data.Path, megabytes) : null);

    // A file system in memory, in a mount namespace of the process that comes after.
    private static string[] Disk(string folder, int megabytes) =>
    [
        "/usr/bin/unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
        $"mount -t tmpfs -o size={megabytes}m tmpfs \"$0\" && exec \"$@\"", folder,
    ];

    private void AddEndpoints(ServerCertificate certificate)
    {
        SecureEndpoint = new Uri($"https://localhost:{FreePort()}");
        Http2Endpoint = new Uri($"http://127.0.0.1:{FreePort()}");
        const string Endpoints = "Kestrel__Endpoints__";
        _settings[Endpoints + "Plain__Url"] = Endpoint.ToString();
        _settings[Endpoints + "Http2__Url"] = Http2Endpoint.ToString();
        _settings[Endpoints + "Http2__Protocols"] = "Http2";
        _settings[Endpoints + "Secure__Url"] = SecureEndpoint.ToString();
        _settings[Endpoints + "Secure__Certificate__Path"] = certificate.Path;
        _settings[Endpoints + "Secure__Certificate__Password"] = certificate.Password;
    }

    private async Task WaitUntilReadyAsync()
    {
        using var http = new HttpClient { BaseAddress = Endpoint };
        var started = Stopwatch.StartNew();
        while (started.Elapsed < Patience && !_program.HasExited)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri("/health/ready", UriKind.Relative));
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet, or not whole.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }

        throw new InvalidOperationException($"Stip.Api was not ready after {started.Elapsed}: {_program.Output}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
