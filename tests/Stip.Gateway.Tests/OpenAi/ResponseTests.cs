using System.Text;
using System.Text.Json;

namespace Stip.Gateway.Tests.OpenAi;

public sealed class ResponseTests : IAsyncLifetime
{
    private const string Route = "/v1/responses";
    private const string Question = "Who took the cheese?";
    private RunningGateway _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await RunningGateway.StartAsync();

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task Post_Whole_HasOpenAisShape()
    {
        var (status, body) = await _gateway.PostAsync(
            Route, new { model = "toy", input = Question, temperature = 0, max_output_tokens = 9, ignore_eos = true });

        Assert.Equal(200, status);
        Assert.Equal("response", body.GetProperty("object").GetString());
        Assert.Equal("incomplete", body.GetProperty("status").GetString());
        Assert.Equal("max_output_tokens", body.GetProperty("incomplete_details").GetProperty("reason").GetString());
        var message = Assert.Single(body.GetProperty("output").EnumerateArray());
        var part = Assert.Single(message.GetProperty("content").EnumerateArray());
        Assert.Equal("output_text", part.GetProperty("type").GetString());
        Assert.Equal(Expected(9), part.GetProperty("text").GetString());
        Assert.Equal(9, body.GetProperty("usage").GetProperty("output_tokens").GetInt32());
    }

    [Fact]
    public async Task Post_Streamed_IsTheSameTextInOpenAisEvents()
    {
        object[] input = [new { role = "user", content = new[] { new { type = "input_text", text = Question } } }];

        var events = await _gateway.EventsAsync(Route, new
        {
            model = "toy",
            input,
            temperature = 0,
            max_output_tokens = 9,
            ignore_eos = true,
            stream = true,
        });

        Assert.Equal(
            Enumerable.Range(0, events.Count), events.Select(e => e.GetProperty("sequence_number").GetInt32()));
        var types = events.Select(e => e.GetProperty("type").GetString()!).ToArray();
        Assert.Equal(
            ["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"],
            types[..4]);
        Assert.Equal(
            [
                "response.output_text.done", "response.content_part.done", "response.output_item.done",
                "response.incomplete",
            ],
            types[^4..]);
        var deltas = events.Where(e => e.GetProperty("type").GetString() == "response.output_text.delta");
        Assert.Equal(Expected(9), string.Concat(deltas.Select(e => e.GetProperty("delta").GetString())));
        Assert.Equal(Expected(9), events[^4].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Post_WithLogprobs_HasThemWholeAndInEvents()
    {
        var asked = new Dictionary<string, object>
        {
            ["model"] = "toy",
            ["input"] = Question,
            ["temperature"] = 0,
            ["max_output_tokens"] = 9,
            ["ignore_eos"] = true,
            ["include"] = new[] { "message.output_text.logprobs", "reasoning.encrypted_content" },
            ["top_logprobs"] = 2,
        };

        var (_, body) = await _gateway.PostAsync(Route, asked);
        var events = await _gateway.EventsAsync(Route, new Dictionary<string, object>(asked) { ["stream"] = true });

        var whole = body.GetProperty("output")[0].GetProperty("content")[0].GetProperty("logprobs");
        Assert.Equal(9, whole.GetArrayLength());
        Assert.All(
            whole.EnumerateArray(), token => Assert.Equal(2, token.GetProperty("top_logprobs").GetArrayLength()));
        Assert.Equal(2, body.GetProperty("top_logprobs").GetInt32());
        Assert.Equal(whole.ToString(), events[^4].GetProperty("logprobs").ToString());
        Assert.Equal(
            whole.EnumerateArray().Select(token => token.ToString()),
            events.Where(e => e.GetProperty("type").GetString() == "response.output_text.delta")
                .SelectMany(e => e.GetProperty("logprobs").EnumerateArray()).Select(token => token.ToString()));

        asked.Remove("include");
        var (status, refusal) = await _gateway.PostAsync(Route, asked);
        Assert.Equal(400, status);
        Assert.Equal("top_logprobs", refusal.GetProperty("error").GetProperty("param").GetString());
    }

    /// <summary>The tokens of a call are no text, so that there is no message to list them in.</summary>
    [Fact]
    public async Task Post_RequiredCallWithLogprobs_IsTheCallAndNoMessage()
    {
        await using var gateway = await RunningGateway.StartAsync(template: """
            {% if tools %}<tool_call>{% endif %}
            {%- for message in messages %}{{ message.content }}{% endfor %}
            """);
        using var parameters = JsonDocument.Parse(
            """{"type":"object","properties":{"city":{"type":"string","enum":["Oslo"]}},"required":["city"]}""");
        var asked = new Dictionary<string, object>
        {
            ["model"] = "toy",
            ["input"] = Question,
            ["temperature"] = 0,
            ["max_output_tokens"] = 200,
            ["include"] = new[] { "message.output_text.logprobs" },
            ["tools"] = new[] { new { type = "function", name = "weather", strict = true, parameters } },
            ["tool_choice"] = "required",
        };

        var (status, body) = await gateway.PostAsync(Route, asked);
        Assert.True(status == 200, $"{body}");
        var events = await gateway.EventsAsync(Route, new Dictionary<string, object>(asked) { ["stream"] = true });

        var item = Assert.Single(body.GetProperty("output").EnumerateArray());
        Assert.Equal("function_call", item.GetProperty("type").GetString());
        var added = Assert.Single(events, e => e.GetProperty("type").GetString() == "response.output_item.added");
        Assert.Equal("function_call", added.GetProperty("item").GetProperty("type").GetString());
        Assert.Equal(0, added.GetProperty("output_index").GetInt32());
        Assert.DoesNotContain(events, e => e.TryGetProperty("logprobs", out _));
        Assert.Single(events[^1].GetProperty("response").GetProperty("output").EnumerateArray());
    }

    // It stands deeper in an event than in the request.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Post_MetadataAsDeepAsJsonIsRead_IsSaidBack(bool streams)
    {
        var deep = new string('[', 61) + new string(']', 61);
        var text = $$$"""
            {"model":"toy","input":"x","max_output_tokens":16,"stream":{{{(streams ? "true" : "false")}}},
            "metadata":{"a":{{{deep}}}}}
            """;
        using var content = new StringContent(text, Encoding.UTF8, "application/json");

        using var answer = await _gateway.Http.PostAsync(
            new Uri(Route, UriKind.Relative), content, TestContext.Current.CancellationToken);
        var said = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Contains($"\"a\":{deep}", said, StringComparison.Ordinal);
        Assert.Equal(streams, said.Contains("event: response.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Post_FormatThatIsNull_IsText()
    {
        var text = new { format = (object?)null };

        var (status, _) = await _gateway.PostAsync(
            Route, new { model = "toy", input = Question, max_output_tokens = 16, text });

        Assert.Equal(200, status);
    }

    [Fact]
    public async Task Post_TextThatIsNoObject_IsRefused()
    {
        var (status, body) = await _gateway.PostAsync(Route, new { model = "toy", input = Question, text = "json" });

        Assert.Equal(400, status);
        Assert.Equal("text", body.GetProperty("error").GetProperty("param").GetString());
    }

    [Theory]
    [InlineData("previous_response_id", "\"resp_1\"")]
    [InlineData("conversation", "\"conv_1\"")]
    [InlineData("background", "true")]
    [InlineData("n", "2")]
    [InlineData("truncation", "\"auto\"")]
    [InlineData("target_language", "\"fra_Latn\"")]
    [InlineData("include", "[\"file_search_call.results\"]")]
    public async Task Post_UnsupportedField_IsRefused(string field, string value)
    {
        var body = new Dictionary<string, object>
        {
            ["model"] = "toy",
            ["input"] = "x",
            [field] = JsonDocument.Parse(value).RootElement,
        };

        var (status, answer) = await _gateway.PostAsync(Route, body);

        Assert.Equal(400, status);
        Assert.Equal("unsupported_parameter", answer.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(field, answer.GetProperty("error").GetProperty("param").GetString());
    }

    [Fact]
    public async Task Post_AnotherVerbosity_IsRefused()
    {
        var (status, answer) = await _gateway.PostAsync(
            Route, new { model = "toy", input = "x", text = new { verbosity = "low" } });

        Assert.Equal(400, status);
        Assert.Equal("text.verbosity", answer.GetProperty("error").GetProperty("param").GetString());
    }

    private string Expected(int tokens) => _gateway.Text(_gateway.Toy.Greedy(_gateway.ChatPrompt(Question), tokens));
}
