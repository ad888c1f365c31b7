using System.Net.Http.Json;
using System.Text.Json;

namespace Stip.Gateway.Tests.OpenAi;

public sealed class TextCompletionTests : IAsyncLifetime
{
    private const string Route = "/v1/completions";
    private RunningGateway _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await RunningGateway.StartAsync();

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task Post_Text_ContinuesItBySixteenTokens()
    {
        var (status, body) = await _gateway.PostAsync(
            Route, new { model = "toy", prompt = "Once", temperature = 0, ignore_eos = true });

        Assert.Equal(200, status);
        Assert.Equal("text_completion", body.GetProperty("object").GetString());
        var choice = body.GetProperty("choices")[0];
        Assert.Equal(Expected("Once", 16), choice.GetProperty("text").GetString());
        Assert.Equal("length", choice.GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Post_SeveralPrompts_EachHasItsChoices()
    {
        var ids = _gateway.RawPrompt("Twice");
        var (_, body) = await _gateway.PostAsync(Route, new
        {
            model = "toy",
            prompt = new object[] { "Once", ids },
            temperature = 0,
            max_tokens = 6,
            n = 2,
            ignore_eos = true,
        });

        Assert.Equal(
            [Expected("Once", 6), Expected("Once", 6), Expected("Twice", 6), Expected("Twice", 6)],
            body.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("text").GetString()));
    }

    [Fact]
    public async Task Post_Streamed_IsTheSameText()
    {
        var events = await _gateway.StreamAsync(
            Route,
            new { model = "toy", prompt = "Once", temperature = 0, max_tokens = 9, ignore_eos = true, stream = true });

        Assert.Equal("[DONE]", events[^1]);
        var choices = events.SkipLast(1).Select(data => JsonDocument.Parse(data).RootElement.GetProperty("choices")[0]);
        var texts = choices.Select(choice => choice.GetProperty("text").GetString());
        Assert.Equal(Expected("Once", 9), string.Concat(texts));
    }

    [Theory]
    [InlineData("echo", true)]
    [InlineData("suffix", "end")]
    [InlineData("best_of", 2)]
    [InlineData("use_beam_search", true)]
    [InlineData("num_beams", 4)]
    public async Task Post_UnsupportedField_IsRefused(string field, object value)
    {
        var body = new Dictionary<string, object> { ["model"] = "toy", ["prompt"] = "x", [field] = value };

        var (status, answer) = await _gateway.PostAsync(Route, body);

        Assert.Equal(400, status);
        Assert.Equal("unsupported_parameter", answer.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(field, answer.GetProperty("error").GetProperty("param").GetString());
    }

    [Fact]
    public async Task Post_MoreTokensThanThereIsRoomFor_BlamesThePrompt()
    {
        var (status, answer) = await _gateway.PostAsync(
            Route, new { model = "toy", prompt = "abc", max_tokens = 100_000 });

        Assert.Equal(400, status);
        Assert.Equal("context_length_exceeded", answer.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal("prompt", answer.GetProperty("error").GetProperty("param").GetString());
    }

    [Fact]
    public async Task Get_Models_ListsTheBundles()
    {
        var list = await _gateway.Http.GetFromJsonAsync<JsonElement>(
            new Uri("/v1/models", UriKind.Relative), TestContext.Current.CancellationToken);
        var one = await _gateway.Http.GetFromJsonAsync<JsonElement>(
            new Uri("/v1/models/toy", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal("list", list.GetProperty("object").GetString());
        Assert.Equal("toy", list.GetProperty("data")[0].GetProperty("id").GetString());
        Assert.Equal("model", one.GetProperty("object").GetString());
        Assert.True(one.GetProperty("created").GetInt64() > 0);
    }

    private string Expected(string prompt, int tokens) =>
        _gateway.Text(_gateway.Toy.Greedy(_gateway.RawPrompt(prompt), tokens));
}
