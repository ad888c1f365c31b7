using Stip.Programs.Tests.Conformance;
using Stip.TestKit;

namespace Stip.Programs.Tests.Page;

/// <summary>The chat page in real Chromium, against a real gateway and server.</summary>
public sealed class ChatPageTests(GatewayProcess gateway, Chromium chromium)
    : IClassFixture<GatewayProcess>, IClassFixture<Chromium>
{
    private const string Question = "Tell me the fable of The Fox and the Crow.";
    private const string Beginning = "A CROW having stolen a bit of meat";
    private const string Focused = "document.activeElement.id";

    // Where STIP_SCREENSHOTS names a folder, the pages are kept there to be looked at.
    private static readonly string? Album = Environment.GetEnvironmentVariable("STIP_SCREENSHOTS");

    private Uri Address => gateway.Page;

    [Fact]
    public async Task Page_KeyboardAlone_AsksAndShowsWhatWasSent()
    {
        await using var page = await chromium.OpenAsync(Address);
        Assert.Equal("question", await page.ReadAsync<string>(Focused));

        await page.TypeAsync(Question);
        await page.PressAsync("Enter");
        await page.WaitForAnswerAsync();

        Assert.StartsWith(Beginning, await page.TextAsync(".assistant .said"), StringComparison.Ordinal);
        Assert.Equal("question", await page.ReadAsync<string>(Focused));
        Assert.InRange(await page.ReadAsync<int>("Number(document.querySelector('#rounds').textContent)"), 1, 218);
        Assert.Matches(@"^[\d.]+ KiB$", await page.TextAsync("#bytes-up"));
        Assert.Equal(256, await page.ReadAsync<int>("document.querySelector('#sent-row').width"));
        Assert.Equal(256, await page.ReadAsync<int>("document.querySelector('#true-row').width"));
        Assert.Equal(3, await page.ReadAsync<int>("document.querySelectorAll('#back tr').length"));
        Assert.EndsWith("ms", await page.TextAsync("#server-ms"), StringComparison.Ordinal);
        Assert.EndsWith("ms", await page.TextAsync("#client-ms"), StringComparison.Ordinal);
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Page_TabKey_ReachesEveryControlInReadingOrder()
    {
        await using var page = await chromium.OpenAsync(Address);
        await page.ReadAsync<object>("document.querySelector('.skip').focus()");
        var reached = new List<string>();
        for (var i = 0; i < 8; i++)
        {
            await page.PressAsync("Tab");
            reached.Add(await page.ReadAsync<string>("document.activeElement.id || document.activeElement.className"));
        }

        Assert.Equal(["model", "settings-button", "new", "scroll", "", "", "", "question"], reached);
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Page_Escape_StopsTheAnswerAndKeepsWhatCame()
    {
        await using var page = await chromium.OpenAsync(Address);
        await page.TypeAsync("Once upon a time");
        await page.ReadAsync<object>(
            "new MutationObserver(() => document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' })))"
            + ".observe(document.querySelector('#turns'), { childList: true, subtree: true, characterData: true })"
            + " ?? null");

        await page.PressAsync("Enter");
        await page.WaitAsync("!document.querySelector('#ask').hidden && document.querySelector('.assistant')");

        Assert.False(await page.ReadAsync<bool>("document.querySelector('.assistant').hasAttribute('aria-busy')"));
        Assert.Equal(0, await page.ReadAsync<int>("document.querySelectorAll('.fault').length"));
    }

    [Theory]
    [InlineData(1280, 800, false)]
    [InlineData(1280, 800, true)]
    [InlineData(390, 844, false)]
    [InlineData(320, 568, true)]
    public async Task Page_AnyScreen_FitsItsWidth(int width, int height, bool isDark)
    {
        await using var page = await chromium.OpenAsync(Address, width, height, isDark);
        if (Album is null)
        {
            await page.SetAsync("max_tokens", "24");
        }

        await page.TypeAsync(Question);
        await page.PressAsync("Enter");
        await page.WaitForAnswerAsync();
        await KeepAsync(page, $"chat-{width}-{(isDark ? "dark" : "light")}");

        Assert.True(await page.ReadAsync<int>("document.documentElement.scrollWidth") <= width);
        if (width < 960)
        {
            await page.ClickAsync("#wire-button");
            Assert.True(await page.ReadAsync<bool>("document.querySelector('#times').checkVisibility()"));
            Assert.True(await page.ReadAsync<int>("document.documentElement.scrollWidth") <= width);
            await KeepAsync(page, $"chat-{width}-{(isDark ? "dark" : "light")}-wire");
        }

        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Page_RefusedRequest_SaysWhy()
    {
        await using var page = await chromium.OpenAsync(Address);
        await page.ClickAsync("#settings-button");
        await page.SetAsync("max_tokens", "100000");

        await page.ClickAsync("#question");
        await page.TypeAsync(Question);
        await page.PressAsync("Enter");
        await page.WaitAsync("document.querySelector('.fault')");

        Assert.Contains("100000", await page.TextAsync(".fault"), StringComparison.Ordinal);
        Assert.Equal("alert", await page.ReadAsync<string>("document.querySelector('.fault').role"));
    }

    [Fact]
    public async Task Page_WithoutTheToken_AnswersAndShowsNothingOfTheWire()
    {
        await using var page = await chromium.OpenAsync(new Uri(Address, "/"));

        await page.SetAsync("max_tokens", "8");
        await page.TypeAsync(Question);
        await page.PressAsync("Enter");
        await page.WaitForAnswerAsync();

        Assert.Contains("#token=", await page.TextAsync("#locked"), StringComparison.Ordinal);
        Assert.True(await page.ReadAsync<bool>("document.querySelector('#locked').checkVisibility()"));
        Assert.Equal("0", await page.TextAsync("#rounds"));
        Assert.Empty(page.Complaints);
    }

    [Fact]
    public async Task Page_WhatIsSaid_IsKeptNowhere()
    {
        await using var page = await chromium.OpenAsync(Address);
        await page.ClickAsync("#settings-button");
        await page.ClickAsync("#system");
        await page.TypeAsync("You are a secret fox.");
        await page.ClickAsync("#question");
        await page.SetAsync("max_tokens", "4");
        await page.TypeAsync(Question);
        await page.PressAsync("Enter");
        await page.WaitForAnswerAsync();

        var kept = await page.ReadAsync<string>("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)");
        Assert.DoesNotContain("secret", kept, StringComparison.Ordinal);
        Assert.DoesNotContain("Crow", kept, StringComparison.Ordinal);
        Assert.Equal("", await page.ReadAsync<string>("location.hash"));
    }

    [Fact]
    public async Task Page_UnprotectedModel_IsWarnedOf()
    {
        await using var page = await chromium.OpenAsync(Address);
        Assert.False(await page.ReadAsync<bool>("document.querySelector('#unprotected').checkVisibility()"));

        await page.ChooseAsync("stories-open");

        Assert.True(await page.ReadAsync<bool>("document.querySelector('#unprotected').checkVisibility()"));
        Assert.Contains("not protected", await page.TextAsync("#unprotected"), StringComparison.Ordinal);
        Assert.False(await page.ReadAsync<bool>("document.querySelector('#promise').checkVisibility()"));
        Assert.Contains("as they are", await page.TextAsync("#row-note"), StringComparison.Ordinal);
        await KeepAsync(page, "chat-unprotected");
    }

    [Fact]
    public async Task Page_ImageForAModelThatSees_IsReadAndCanBeStopped()
    {
        await using var page = await chromium.OpenAsync(Address);
        await page.ChooseAsync("digits-llava");
        var image = Path.Combine(KnownCheckpoints.Folder("digits-llava"), "images", "1.png");

        await page.UploadAsync("#file", image);
        await page.WaitAsync("document.querySelector('#images img')");
        await page.ClickAsync("#question");
        await page.TypeAsync("What is the sum of the digits?");
        await KeepAsync(page, "chat-image-asked");
        await page.PressAsync("Enter");
        await page.WaitForAnswerAsync();
        await KeepAsync(page, "chat-image");

        Assert.Equal("25", await page.TextAsync(".assistant .said"));
        Assert.Equal(1, await page.ReadAsync<int>("document.querySelectorAll('.user img').length"));
        Assert.Equal(0, await page.ReadAsync<int>("document.querySelectorAll('#images img').length"));
        Assert.Empty(page.Complaints);

        // Stopped before anything came: while the image is on its way, or a little later. The answer is one word, so
        // the button is pressed from within: a pointer may come too late.
        await page.UploadAsync("#file", image);
        await page.WaitAsync("document.querySelector('#images img')");
        await page.TypeAsync("What is the sum of the digits?");
        await page.PressAsync("Enter");
        await page.ReadAsync<bool>("document.querySelector('#stop').click() === undefined");
        await page.WaitAsync("document.querySelector('#stop').hidden");

        Assert.Equal(0, await page.ReadAsync<int>("document.querySelectorAll('.fault').length"));
        Assert.Equal(0, await page.ReadAsync<int>("document.querySelectorAll('[aria-busy]').length"));
    }

    [Theory]
    [InlineData(1280, false)]
    [InlineData(390, true)]
    public async Task Page_EveryState_PassesTheAccessibilityRules(int width, bool isDark)
    {
        Assert.SkipUnless(File.Exists(OpenPage.Rules), "the npm package axe-core is not installed (see conformance)");
        await using var page = await chromium.OpenAsync(Address, width, isDark: isDark);
        Assert.Empty(await page.AuditAsync());

        await page.ClickAsync("#settings-button");
        await page.ChooseAsync("stories-open");
        await page.SetAsync("max_tokens", "100000");
        await page.ClickAsync("#question");
        await page.TypeAsync(Question);
        await page.PressAsync("Enter");
        await page.WaitAsync("document.querySelector('.fault')");
        await page.SetAsync("max_tokens", "12");
        await page.TypeAsync(Question);
        await page.PressAsync("Enter");
        await page.WaitForAnswerAsync();
        if (width < 960)
        {
            await page.ClickAsync("#wire-button");
        }

        Assert.Empty(await page.AuditAsync());
    }

    private static Task KeepAsync(OpenPage page, string name) =>
        Album is null ? Task.CompletedTask : page.ScreenshotAsync(Path.Combine(Album, $"{name}.png"));
}
