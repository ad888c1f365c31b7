using System.Text.Json;

namespace Stip.Gateway.Tests.OpenAi;

public sealed class ChatCompletionTests : IAsyncLifetime
{
    private const string Route = "/v1/chat/completions";
    private const string Question = "Who took the cheese?";
    private RunningGateway _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await RunningGateway.StartAsync();

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task Post_Whole_HasOpenAisShape()
    {
        var (status, body) = await _gateway.PostAsync(Route, Body(new() { ["max_tokens"] = 12 }));

        Assert.Equal(200, status);
        Assert.StartsWith("chatcmpl-", body.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal("chat.completion", body.GetProperty("object").GetString());
        Assert.True(body.GetProperty("created").GetInt64() > 1_700_000_000);
        Assert.Equal("toy", body.GetProperty("model").GetString());
        var choice = Assert.Single(body.GetProperty("choices").EnumerateArray());
        Assert.Equal(0, choice.GetProperty("index").GetInt32());
        Assert.Equal(JsonValueKind.Null, choice.GetProperty("logprobs").ValueKind);
        Assert.Equal("length", choice.GetProperty("finish_reason").GetString());
        var message = choice.GetProperty("message");
        Assert.Equal("assistant", message.GetProperty("role").GetString());
        Assert.Equal(JsonValueKind.Null, message.GetProperty("refusal").ValueKind);
        Assert.Equal(Expected(12), message.GetProperty("content").GetString());
        Assert.Equal(12, body.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(
            _gateway.ChatPrompt(Question).Length, body.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Post_WithoutMaxTokens_AsksForNoLongerSessionThanTheServerOpens()
    {
        _gateway.Server.MaxLength = 64;

        var (status, body) = await _gateway.PostAsync(Route, Body([]));

        Assert.Equal(200, status);
        // The token after the last place needs none.
        Assert.InRange(body.GetProperty("usage").GetProperty("total_tokens").GetInt32(), 1, 65);
    }

    [Theory]
    [InlineData("""{"role":"assistant","content":null}""")]
    [InlineData("""{"role":"assistant"}""")]
    [InlineData("""{"role":"assistant","content":null,"refusal":"No."}""")]
    [InlineData("""{"role":"assistant","content":[{"type":"refusal","refusal":"No."}]}""")]
    public async Task Post_AnswerThatHeldNothing_IsTakenBack(string answer)
    {
        using var message = JsonDocument.Parse(answer);
        object[] messages =
        [
            new { role = "user", content = "x" }, message.RootElement, new { role = "user", content = Question },
        ];

        var (status, _) = await _gateway.PostAsync(Route, new { model = "toy", max_tokens = 1, messages });

        Assert.Equal(200, status);
    }

    [Fact]
    public async Task Post_TextParts_AreOneText()
    {
        object[] parts = [new { type = "text", text = "Who took " }, new { type = "text", text = "the cheese?" }];
        object[] messages = [new { role = "user", content = parts }];

        var (_, body) = await _gateway.PostAsync(
            Route, new { model = "toy", temperature = 0, max_completion_tokens = 5, ignore_eos = true, messages });

        Assert.Equal(Expected(5), Content(body.GetProperty("choices")[0]));
    }

    [Fact]
    public async Task Post_Streamed_IsTheSameTextInOpenAisChunks()
    {
        var events = await _gateway.StreamAsync(Route, Body(new()
        {
            ["max_tokens"] = 12,
            ["stream"] = true,
            ["stream_options"] = new { include_usage = true },
        }));

        Assert.Equal("[DONE]", events[^1]);
        var chunks = events.SkipLast(1).Select(data => JsonDocument.Parse(data).RootElement).ToArray();
        Assert.Single(chunks.Select(chunk => chunk.GetProperty("id").GetString()).Distinct());
        Assert.All(chunks, chunk => Assert.Equal("chat.completion.chunk", chunk.GetProperty("object").GetString()));
        Assert.Equal("""{"role":"assistant","content":""}""", Delta(chunks[0]).GetRawText());
        Assert.Equal("{}", Delta(chunks[^2]).GetRawText());
        Assert.Equal("length", chunks[^2].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Empty(chunks[^1].GetProperty("choices").EnumerateArray());
        Assert.Equal(12, chunks[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.All(chunks[..^1], chunk => Assert.Equal(JsonValueKind.Null, chunk.GetProperty("usage").ValueKind));
        var texts = chunks[..^2].Select(chunk => Delta(chunk).GetProperty("content").GetString());
        Assert.Equal(Expected(12), string.Concat(texts));
    }

    [Fact]
    public async Task Post_SeveralChoices_EachHasItsIndex()
    {
        var (_, body) = await _gateway.PostAsync(Route, Body(new() { ["max_tokens"] = 5, ["n"] = 3 }));

        var choices = body.GetProperty("choices").EnumerateArray().ToArray();
        Assert.Equal([0, 1, 2], choices.Select(choice => choice.GetProperty("index").GetInt32()));
        Assert.All(choices, choice => Assert.Equal(Expected(5), Content(choice)));
        Assert.Equal(15, body.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        // The prompt was sent once, and one session is kept for the next turn.
        Assert.Equal(2, _gateway.Server.Forks);
        Assert.Single(_gateway.Server.StepRows, rows => rows > 1);
        Assert.Equal(1, _gateway.Server.SessionCount);
    }

    [Fact]
    public async Task Post_SameSeed_GivesTheSameTextAndAnotherSeedAnother()
    {
        var texts = new List<string?>();
        foreach (var seed in new[] { 7, 7, 8 })
        {
            var (_, body) = await _gateway.PostAsync(
                Route, Body(new() { ["max_tokens"] = 20, ["temperature"] = 2, ["seed"] = seed }));
            texts.Add(Content(body.GetProperty("choices")[0]));
        }

        Assert.Equal(texts[0], texts[1]);
        Assert.NotEqual(texts[0], texts[2]);
    }

    [Fact]
    public async Task Post_StopString_EndsTheTextBeforeIt()
    {
        var whole = Expected(30);
        var stop = whole.Substring(whole.Length / 2, 4);

        var (_, body) = await _gateway.PostAsync(Route, Body(new() { ["max_tokens"] = 30, ["stop"] = new[] { stop } }));

        var choice = body.GetProperty("choices")[0];
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], Content(choice));
    }

    [Fact]
    public async Task Post_NextTurn_SendsOnlyItsNewRows()
    {
        var (_, first) = await _gateway.PostAsync(Route, Body(new() { ["max_tokens"] = 8 }));
        var answer = Content(first.GetProperty("choices")[0]);
        _gateway.Server.StepRows.Clear();

        object[] messages =
        [
            new { role = "user", content = Question }, new { role = "assistant", content = answer },
            new { role = "user", content = "And then?" },
        ];
        var (_, second) = await _gateway.PostAsync(Route, Body(new() { ["max_tokens"] = 1, ["messages"] = messages }));

        var prompt = second.GetProperty("usage").GetProperty("prompt_tokens").GetInt32();
        Assert.True(prompt > 20);
        Assert.True(_gateway.Server.StepRows[0] <= prompt - _gateway.ChatPrompt(Question).Length);
        Assert.Equal(1, _gateway.Server.SessionCount);
    }

    [Fact]
    public async Task Post_Logprobs_NamesTheTokensAndTheLikeliest()
    {
        var (_, body) = await _gateway.PostAsync(
            Route, Body(new() { ["max_tokens"] = 6, ["logprobs"] = true, ["top_logprobs"] = 3 }));

        var content = body.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content");
        Assert.Equal(6, content.GetArrayLength());
        var text = content.EnumerateArray().SelectMany(token => token.GetProperty("bytes").EnumerateArray())
            .Select(value => (byte)value.GetInt32()).ToArray();
        Assert.Equal(Expected(6), System.Text.Encoding.UTF8.GetString(text));
        foreach (var token in content.EnumerateArray())
        {
            var top = token.GetProperty("top_logprobs");
            Assert.Equal(3, top.GetArrayLength());
            Assert.Equal(token.GetProperty("logprob").GetDouble(), top[0].GetProperty("logprob").GetDouble());
            Assert.True(top[0].GetProperty("logprob").GetDouble() > top[1].GetProperty("logprob").GetDouble());
        }
    }

    [Fact]
    public async Task Post_LogitBias_ForbidsAToken()
    {
        var first = _gateway.Toy.Greedy(_gateway.ChatPrompt(Question), 1)[0];

        var (_, body) = await _gateway.PostAsync(Route, Body(new()
        {
            ["max_tokens"] = 1,
            ["logprobs"] = true,
            ["logit_bias"] = new Dictionary<string, int> { [$"{first}"] = -100 },
        }));

        var token = body.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content")[0];
        Assert.NotEqual(_gateway.Text([first]), token.GetProperty("token").GetString());
        Assert.True(token.GetProperty("logprob").GetDouble() < -5);
    }

    private static string? Content(JsonElement choice) =>
        choice.GetProperty("message").GetProperty("content").GetString();

    private static JsonElement Delta(JsonElement chunk) => chunk.GetProperty("choices")[0].GetProperty("delta");

    private static Dictionary<string, object> Body(Dictionary<string, object> more)
    {
        var body = new Dictionary<string, object>
        {
            ["model"] = "toy",
            ["temperature"] = 0,
            ["ignore_eos"] = true,
            ["messages"] = new[] { new { role = "user", content = Question } },
            ["user"] = "ignored",
            ["metadata"] = new { },
            ["unheard_of"] = 1,
        };
        foreach (var (name, value) in more)
        {
            body[name] = value;
        }

        return body;
    }

    private string Expected(int tokens) => _gateway.Text(_gateway.Toy.Greedy(_gateway.ChatPrompt(Question), tokens));
}
