using System.Collections.Concurrent;
using PuppeteerSharp;
using Stip.TestKit;

namespace Stip.Programs.Tests.Page;

/// <summary>The chat page in a browser, with everything that the browser complains of.</summary>
public sealed class OpenPage : IAsyncDisposable
{
    // Builds and other tests may share the machine.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Where npm puts the rules.</summary>
    public static string Rules { get; } = RepositoryRoot.At(
        "tests", "Stip.Programs.Tests", "Conformance", "node", "node_modules", "axe-core", "axe.min.js");

    private const string Idle = "document.querySelector('#stop').hidden && document.querySelector('.after')";

    private readonly IPage _page;
    private readonly ConcurrentQueue<string> _complaints = new();

    private OpenPage(IPage page)
    {
        _page = page;
        page.Console += (_, seen) =>
        {
            if (seen.Message.Type is ConsoleType.Error or ConsoleType.Warning)
            {
                _complaints.Enqueue(seen.Message.Text);
            }
        };
        page.PageError += (_, fault) => _complaints.Enqueue(fault.Message);
        page.RequestFailed += (_, failed) => _complaints.Enqueue($"{failed.Request.Url} failed");
    }

    /// <summary>Errors and warnings of the console, faults of scripts, requests that failed.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    public static async Task<OpenPage> LoadAsync(IPage page, Uri address, (int Width, int Height) size, bool isDark)
    {
        page.DefaultTimeout = (int)Patience.TotalMilliseconds;
        var open = new OpenPage(page);
        await page.SetViewportAsync(new ViewPortOptions { Width = size.Width, Height = size.Height });
        await page.EmulateMediaFeaturesAsync(
        [
            new MediaFeatureValue
            {
                MediaFeature = MediaFeature.PrefersColorScheme,
                Value = isDark ? "dark" : "light",
            },
        ]);
        await page.GoToAsync(address.ToString());
        await page.WaitForFunctionAsync("() => document.querySelector('#model').options.length > 0");
        return open;
    }

    public Task PressAsync(params string[] keys) =>
        keys.Aggregate(Task.CompletedTask, async (before, key) =>
        {
            await before;
            await _page.Keyboard.PressAsync(key);
        });

    public Task TypeAsync(string text) => _page.Keyboard.TypeAsync(text);

    public Task<T> ReadAsync<T>(string script) => _page.EvaluateExpressionAsync<T>(script);

    /// <summary>Sets a field without touching the focus.</summary>
    public Task SetAsync(string id, string value) =>
        ReadAsync<object>($"void (document.querySelector('#{id}').value = '{value}')");

    public Task<string> TextAsync(string selector) =>
        ReadAsync<string>($"document.querySelector('{selector}').textContent");

    public Task WaitAsync(string condition) => _page.WaitForFunctionAsync($"() => {condition}");

    public Task WaitForAnswerAsync() => WaitAsync(Idle);

    /// <summary>Chooses a model.</summary>
    public Task ChooseAsync(string model) => _page.SelectAsync("#model", model);

    public async Task UploadAsync(string selector, string file)
    {
        await using var input = await _page.QuerySelectorAsync(selector);
        await input.UploadFileAsync(file);
    }

    /// <summary>What the rules of axe-core find wrong: contrast, names, roles, order.</summary>
    public async Task<IReadOnlyList<string>> AuditAsync()
    {
        await ReadAsync<int>($"{await File.ReadAllTextAsync(Rules)}\n;0");
        return await ReadAsync<string[]>("""
            axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.flatMap(({ id, nodes }) =>
              nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`)))
            """);
    }

    public Task ClickAsync(string selector) => _page.ClickAsync(selector);

    public Task ScreenshotAsync(string file) => _page.ScreenshotAsync(file);

    public ValueTask DisposeAsync() => _page.DisposeAsync();
}
