using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Serilog.Core;
using Stip.Api.Endpoints;
using Stip.TestKit;

namespace Stip.Api.Tests.Hosting;

/// <summary>The server in this process, over a folder of its own and a clock that stands.</summary>
internal sealed class ApiServer : WebApplicationFactory<ServerStartup>
{
    public const string AdminKey = "stip_admin_for_these_tests_only";

    /// <summary>As <c>urls</c>, for Kestrel: a port that is given to <c>UseKestrel</c> is set while the program already
    /// starts on a thread of its own, which may be the first to get there.</summary>
    public const string AnyPort = "http://127.0.0.1:0";

    private const int LongestEnd = 5_000;
    private readonly TemporaryFolder? _own;
    private readonly (string Name, string Value)[] _settings;

    public ApiServer(params (string Name, string Value)[] settings)
        : this(null, settings)
    {
    }

    public ApiServer(string? dataDirectory, params (string Name, string Value)[] settings)
    {
        _own = dataDirectory is null ? new TemporaryFolder() : null;
        DataDirectory = dataDirectory ?? _own!.Path;
        _settings = settings;
    }

    public string DataDirectory { get; }

    public SettableClock Clock { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    /// <summary>False serves while the packages that lie there are still being judged.</summary>
    public bool WaitsUntilReady { get; init; } = true;

    /// <summary>Stands between the web server and everything else; null for nothing.</summary>
    public IStartupFilter? Before { get; init; }

    /// <summary>Where its log goes besides the console.</summary>
    public ILogEventSink? Log { get; init; }

    /// <summary>Changes what it is made of; null for nothing.</summary>
    public Action<IServiceCollection>? Made { get; init; }

    public string PackageFolder(string name) => Path.Combine(DataDirectory, "packages", name);

    /// <summary>A caller with the administrator's key, another one, or none.</summary>
    public ApiCaller Caller(string? key = AdminKey) => new(CreateClient(), key);

    protected override IHost CreateHost(IHostBuilder builder)
    {
        var host = base.CreateHost(builder);
        if (WaitsUntilReady)
        {
            // A program that cannot start ends, and is waited for in vain.
            Assert.True(
                host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted.IsCancellationRequested,
                "the server ended before it had started; the error output has the reason");
            host.Services.GetRequiredService<ServerStartup>().Ready.GetAwaiter().GetResult();
        }

        return host;
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("Stip:Api:DataDirectory", DataDirectory);
        builder.UseSetting("Stip:Api:BootstrapKey", AdminKey);
        builder.UseSetting("Stip:Api:ExecutionProvider", "cpu");
        builder.UseSetting("Stip:Api:Engine:IntraOpThreads", "1");
        builder.UseSetting("Serilog:MinimumLevel:Default", "Fatal");
        foreach (var (name, value) in _settings)
        {
            builder.UseSetting(name, value);
        }

        builder.ConfigureServices(services => services.Replace(ServiceDescriptor.Singleton<TimeProvider>(Clock)));
        if (Before is { } before)
        {
            builder.ConfigureServices(services => services.AddSingleton(before));
        }

        if (Made is { } made)
        {
            builder.ConfigureServices(made);
        }

        if (Log is { } log)
        {
            builder.ConfigureServices(services => services.AddSingleton(log));
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!disposing)
        {
            return;
        }

        // The program ends on a thread of its own, and has the folder until then: another server may want it next.
        var end = Environment.TickCount64 + LongestEnd;
        while (IsHeld(Path.Combine(DataDirectory, "server.lock")) && Environment.TickCount64 < end)
        {
            Thread.Sleep(20);
        }

        // The base class comes here twice.
        if (Directory.Exists(_own?.Path))
        {
            _own.Dispose();
        }
    }

    private static bool IsHeld(string file)
    {
        try
        {
            using var held = File.Exists(file)
                ? File.Open(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None)
                : null;
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }
}
