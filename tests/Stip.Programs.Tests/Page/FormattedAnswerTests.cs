using System.Text.Json;
using Stip.Programs.Tests.Conformance;

namespace Stip.Programs.Tests.Page;

/// <summary>What the page makes of an answer, and of an address.</summary>
public sealed class FormattedAnswerTests(GatewayProcess gateway, Chromium chromium)
    : IClassFixture<GatewayProcess>, IClassFixture<Chromium>
{
    private const string Answer = """
        Two **steps**, with `dotnet` at hand:

        1. Make a file <img src=x onerror="document.title='run'">.
        2. Run it:
           - here
           - or there <script>document.title='run'</script>

        ```csharp"><b
        Console.WriteLine("<b>Hello</b>, and a line that is wide enough to scroll on every screen, wide or not");

        - no list
        ```
        ## Then
        [a link](javascript:document.title='run') stays text
        """;

    // Where STIP_SCREENSHOTS names a folder, the pages are kept there to be looked at.
    private static readonly string? Album = Environment.GetEnvironmentVariable("STIP_SCREENSHOTS");

    [Theory]
    [InlineData(1280, 800, false)]
    [InlineData(390, 844, true)]
    public async Task Page_AnswerWithListsAndCode_ShowsThemAndRunsNothing(int width, int height, bool isDark)
    {
        await using var page = await chromium.OpenAsync(gateway.Page, width, height, isDark);
        var title = await page.ReadAsync<string>("document.title");

        await page.ReadAsync<object>($$"""
            import('/page/turn.js').then(({ Turn }) => {
              const turn = new Turn('assistant', 'stories', '', []);
              document.querySelector('#welcome').hidden = true;
              document.querySelector('#turns').append(turn.item);
              turn.begin(() => {});
              for (const part of {{JsonSerializer.Serialize(Answer)}}.match(/.{1,5}/gs)) {
                turn.append(part);
              }
              turn.end({ figures: { tokens: 99, rounds: 88 } });
            })
            """);

        Assert.Equal(2, await CountAsync(page, "ol > li"));
        Assert.Equal(2, await CountAsync(page, "ol > li > ul > li"));
        Assert.Equal(1, await CountAsync(page, "pre > code"));
        Assert.Equal(1, await CountAsync(page, "strong"));
        Assert.Equal(1, await CountAsync(page, "p > code"));
        Assert.Equal(1, await CountAsync(page, "h3"));
        Assert.Equal(0, await CountAsync(page, "img, script, a, b"));
        Assert.Contains("<img src=x", await page.TextAsync(".said"), StringComparison.Ordinal);
        Assert.Contains("- no list", await page.TextAsync(".said pre"), StringComparison.Ordinal);
        Assert.Equal(title, await page.ReadAsync<string>("document.title"));
        Assert.True(await page.ReadAsync<int>("document.documentElement.scrollWidth") <= width);
        Assert.Empty(page.Complaints);
        if (Album is not null)
        {
            await page.ScreenshotAsync(Path.Combine(Album, $"formatted-{width}-{(isDark ? "dark" : "light")}.png"));
        }

        if (File.Exists(OpenPage.Rules))
        {
            Assert.Empty(await page.AuditAsync());
        }
    }

    [Theory]
    [InlineData("a+b&c=d%e~f", "a+b&c=d%e~f")]
    [InlineData("a%2Bb%22c", "a+b\"c")]
    public async Task Page_TokenOfAnyCharacters_IsTakenAsItIs(string fragment, string token)
    {
        await using var page = await chromium.OpenAsync(new Uri(gateway.Page, $"/#token={fragment}"));

        Assert.Equal(token, await page.ReadAsync<string>("sessionStorage.getItem('stip.token')"));
    }

    private static Task<int> CountAsync(OpenPage page, string selector) =>
        page.ReadAsync<int>($"document.querySelectorAll('.said').length && document.querySelector('.said')"
            + $".querySelectorAll('{selector}').length");
}
