using PuppeteerSharp;

namespace Stip.Programs.Tests.Page;

/// <summary>A real browser without a window, where this machine has one.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (Find() is { } path)
        {
            _browser = await Puppeteer.LaunchAsync(new LaunchOptions
            {
                ExecutablePath = path,
                Headless = true,
                // Continuous integration runs as root, for whom Chromium's sandbox does not start.
                Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--font-render-hinting=none"],
            });
        }
    }

    /// <summary>An empty page.</summary>
    public async Task<IPage> NewPageAsync()
    {
        Assert.SkipWhen(_browser is null, $"{string.Join(", ", Names)}: none is on this machine");
        return await _browser.NewPageAsync();
    }

    /// <summary>The page of a gateway.</summary>
    public async Task<OpenPage> OpenAsync(Uri address, int width = 1280, int height = 800, bool isDark = false)
    {
        return await OpenPage.LoadAsync(await NewPageAsync(), address, (width, height), isDark);
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }
    }

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => Names.Select(name => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);
}
