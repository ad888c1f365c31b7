using Stip.Programs.Tests.Conformance;

namespace Stip.Programs.Tests.Page;

/// <summary>What the chat page does where something is wrong: nothing that was typed is lost, and nothing is asked
/// otherwise than it was typed.</summary>
public sealed class ChatPageFaultTests(GatewayProcess gateway, Chromium chromium)
    : IClassFixture<GatewayProcess>, IClassFixture<Chromium>
{
    private const string Question = "Tell me the fable of The Fox and the Crow.";

    // Keeps what is asked, and answers it in the middle only.
    private const string Catch = """
        (() => {
          window.asked = [];
          window.fetch = (url, options) => {
            window.asked.push(JSON.parse(options.body));
            return Promise.resolve(new Response('data: {"choices":[{"delta":{"content":"Half of it"}}]}\n\n'));
          };
        })()
        """;

    private Uri Address => gateway.Page;

    private Uri Bare => new(gateway.Page, "/");

    [Theory]
    [InlineData("temperature", "0.75")]
    [InlineData("temperature", "0.01")]
    [InlineData("top_p", "0.92")]
    public async Task Page_NumberBetweenTwoSteps_IsAskedFor(string field, string value)
    {
        await using var page = await chromium.OpenAsync(Bare);
        await page.ReadAsync<object>(Catch);
        await page.SetAsync(field, value);

        await AskAsync(page, Question);
        await page.WaitAsync("document.querySelector('.fault')");

        Assert.Equal(value, await page.ReadAsync<string>($"String(window.asked[0].{field})"));
        await page.SetAsync(field, "1");
    }

    [Theory]
    [InlineData("temperature", "2.5")]
    [InlineData("max_tokens", "0")]
    [InlineData("seed", "1.5")]
    public async Task Page_NumberThatCannotBe_IsShownAndTheQuestionStays(string field, string value)
    {
        await using var page = await chromium.OpenAsync(Bare);
        await page.ReadAsync<object>(Catch);
        await page.SetAsync(field, value);

        await AskAsync(page, Question);
        await page.WaitAsync($"document.activeElement.id === '{field}'");

        Assert.Equal(Question, await page.ReadAsync<string>("document.querySelector('#question').value"));
        Assert.Equal(0, await page.ReadAsync<int>("window.asked.length"));
        await page.SetAsync(field, "1");
    }

    [Fact]
    public async Task Page_WithTheTokenOfAnEarlierRun_AsksWithoutIt()
    {
        await using var page = await chromium.OpenAsync(new Uri(Address, "/#token=of-an-earlier-run"));
        await page.SetAsync("max_tokens", "8");

        await AskAsync(page, Question);
        await page.WaitForAnswerAsync();

        Assert.StartsWith("A CROW", await page.TextAsync(".assistant .said"), StringComparison.Ordinal);
        Assert.True(await page.ReadAsync<bool>("document.querySelector('#locked').checkVisibility()"));
        Assert.Equal("8 tokens · cut at the limit", await page.TextAsync(".after span"));
    }

    [Fact]
    public async Task Page_AnswerThatBrokeOff_IsNoPartOfTheNextQuestion()
    {
        await using var page = await chromium.OpenAsync(Bare);
        await page.ReadAsync<object>(Catch);

        await AskAsync(page, Question);
        await page.WaitAsync("document.querySelectorAll('.fault').length === 1");
        await AskAsync(page, "Once upon a time");
        await page.WaitAsync("document.querySelectorAll('.fault').length === 2");

        Assert.Equal(
            """[{"role":"user","content":"Once upon a time"}]""",
            await page.ReadAsync<string>("JSON.stringify(window.asked[1].messages)"));
    }

    [Fact]
    public async Task Page_WithoutModels_KeepsTheQuestionAndAsksForThemAgain()
    {
        await using var page = await chromium.OpenAsync(Bare);
        // As where the gateway did not answer when the page was opened.
        await page.ReadAsync<object>(
            "(() => { document.querySelector('#model').replaceChildren(); window.real = window.fetch;"
            + " window.fetch = () => Promise.reject(new Error('nobody is there')); })()");
        await page.SetAsync("max_tokens", "8");

        await AskAsync(page, Question);
        await page.WaitAsync("document.querySelector('.fault')");
        Assert.Contains("nobody is there", await page.TextAsync(".fault"), StringComparison.Ordinal);
        Assert.Equal(Question, await page.ReadAsync<string>("document.querySelector('#question').value"));

        await page.ReadAsync<object>("(() => { window.fetch = window.real; })()");
        await page.PressAsync("Enter");
        await page.WaitForAnswerAsync();

        Assert.StartsWith("A CROW", await page.TextAsync(".assistant .said"), StringComparison.Ordinal);
        Assert.Equal(0, await page.ReadAsync<int>("document.querySelectorAll('.fault').length"));
    }

    [Fact]
    public async Task Page_NewTokenInTheAddressOfAnOpenPage_IsTaken()
    {
        await using var page = await chromium.OpenAsync(Bare);
        Assert.True(await page.ReadAsync<bool>("document.querySelector('#locked').checkVisibility()"));

        await page.ReadAsync<object>($"void (location.hash = '{Address.Fragment}')");
        await page.WaitAsync("!document.querySelector('#locked').checkVisibility()");
        Assert.Equal("", await page.ReadAsync<string>("location.hash"));

        await page.SetAsync("max_tokens", "8");
        await AskAsync(page, Question);
        await page.WaitForAnswerAsync();

        Assert.InRange(await page.ReadAsync<int>("Number(document.querySelector('#rounds').textContent)"), 1, 8);
    }

    [Fact]
    public async Task Page_QuestionToBeginWithBeforeThereAreModels_IsAskedWhenThereAre()
    {
        await using var page = await chromium.OpenAsync(Bare);
        // As while the page is opened: the list is asked for and has not come.
        await page.ReadAsync<object>("""
            (() => {
              document.querySelector('#model').replaceChildren();
              window.real = window.fetch;
              window.lists = 0;
              window.fetch = async (url, options) => {
                window.lists += options?.body ? 0 : 1;
                await new Promise((done) => { setTimeout(done, 200); });
                return window.real(url, options);
              };
            })()
            """);
        await page.SetAsync("max_tokens", "8");
        var first = await page.TextAsync("#starts button");

        await page.ReadAsync<object>(
            "(() => { document.querySelector('#starts button').click();"
            + " document.querySelector('#starts button').click(); })()");
        await page.WaitForAnswerAsync();

        Assert.Equal(1, await page.ReadAsync<int>("window.lists"));
        Assert.Equal(1, await page.ReadAsync<int>("document.querySelectorAll('.user').length"));
        Assert.Contains(first, await page.TextAsync(".user"), StringComparison.Ordinal);
        Assert.Equal(0, await page.ReadAsync<int>("document.querySelectorAll('.fault').length"));
    }

    private static async Task AskAsync(OpenPage page, string question)
    {
        await page.ReadAsync<object>("document.querySelector('#question').focus()");
        await page.TypeAsync(question);
        await page.PressAsync("Enter");
    }
}
