using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Stip.Gateway.Serving;
using Stip.Protocol.Errors;

namespace Stip.Gateway.Tests.OpenAi;

public sealed class RefusalTests : IAsyncLifetime
{
    private const string Route = "/v1/chat/completions";
    private RunningGateway _gateway = null!;

    public async ValueTask InitializeAsync() => _gateway = await RunningGateway.StartAsync();

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Theory]
    [InlineData("tools", """[{"type":"function"}]""", "unsupported_parameter")]
    [InlineData("logprobs", "3", "invalid_request")]
    [InlineData("top_logprobs", "2", "invalid_request")]
    [InlineData("tool_choice", "\"required\"", "invalid_request")]
    [InlineData("tool_choice", "\"perhaps\"", "unsupported_parameter")]
    [InlineData("tool_choice", "{\"type\":\"custom\"}", "unsupported_parameter")]
    [InlineData("response_format", """{"type":"xml"}""", "unsupported_parameter")]
    [InlineData("response_format", """{"type":"json_schema"}""", "invalid_request")]
    [InlineData(
        "response_format",
        """{"type":"json_schema","json_schema":{"schema":{"type":"string","pattern":"(?!a)"}}}""",
        "unsupported_parameter")]
    [InlineData(
        "response_format", """{"type":"json_schema","json_schema":{"schema":{"$ref":"#"}}}""", "unsupported_parameter")]
    [InlineData(
        "response_format", """{"type":"json_schema","json_schema":{"schema":{"type":[5]}}}""", "unsupported_parameter")]
    [InlineData("logit_bias", """{"5":101}""", "invalid_request")]
    [InlineData("logit_bias", """{"five":1}""", "invalid_request")]
    [InlineData("logit_bias", """{"4096":1}""", "invalid_request")]
    [InlineData("presence_penalty", "2.5", "invalid_request")]
    [InlineData("seed", "1.5", "invalid_request")]
    [InlineData("temperature", "3", "invalid_request")]
    [InlineData("temperature", "\"hot\"", "invalid_request")]
    [InlineData("top_p", "1.5", "invalid_request")]
    [InlineData("n", "0", "invalid_request")]
    [InlineData("max_tokens", "0", "invalid_request")]
    [InlineData("stop", "[1]", "invalid_request")]
    [InlineData("stream_options", """{"include_usage":true}""", "invalid_request")]
    [InlineData("messages", "[]", "invalid_request")]
    [InlineData("messages", """[{"role":"wizard","content":"x"}]""", "invalid_request")]
    [InlineData("messages", """[{"role":"function","content":"x"}]""", "unsupported_parameter")]
    [InlineData("messages", """[{"role":"user","content":[{"type":"image_url"}]}]""", "unsupported_parameter")]
    [InlineData("messages", """[{"role":"assistant","function_call":{"name":"f"}}]""", "unsupported_parameter")]
    [InlineData("messages", """[{"role":"assistant","audio":{"id":"a"}}]""", "unsupported_parameter")]
    [InlineData("messages", """[{"role":"assistant","tool_calls":{}}]""", "invalid_request")]
    [InlineData("source_language", "\"eng_Latn\"", "unsupported_parameter")]
    [InlineData("target_language", "\"fra_Latn\"", "unsupported_parameter")]
    [InlineData("model", "\"other\"", "model_not_found")]
    [InlineData("max_tokens", "100000", "context_length_exceeded")]
    public async Task Post_FieldThatCannotBe_NamesIt(string field, string value, string code)
    {
        var (status, body) = await _gateway.PostAsync(Route, Body(field, value));

        Assert.Equal(code == "model_not_found" ? 404 : 400, status);
        var error = body.GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.StartsWith(
            code == "context_length_exceeded" ? "messages" : field,
            error.GetProperty("param").GetString(),
            StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.GetProperty("message").GetString()!);
        Assert.Empty(_gateway.Server.Steps);
    }

    [Theory]
    [InlineData("tools", "[]")]
    [InlineData("tool_choice", "\"auto\"")]
    [InlineData("logprobs", "false")]
    [InlineData("presence_penalty", "0")]
    [InlineData("response_format", """{"type":"text"}""")]
    [InlineData("logit_bias", "{}")]
    [InlineData("stop", "null")]
    [InlineData("store", "true")]
    public async Task Post_FieldThatAsksForNothing_IsNoFault(string field, string value)
    {
        var (status, _) = await _gateway.PostAsync(Route, Body(field, value));

        Assert.Equal(200, status);
    }

    [Theory]
    [InlineData("""{"id":"a","id":"b","function":{"name":"f","arguments":"{}"}}""")]
    [InlineData("""{"id":"a","function":{"name":"f","arguments":"{}","arguments":"{}"}}""")]
    [InlineData("[]")]
    public async Task Post_ToolCallThatIsNone_IsRefused(string call)
    {
        var text = $$"""
            {"model":"toy","messages":[{"role":"user","content":"a"},
            {"role":"assistant","content":"","tool_calls":[{{call}}]},{"role":"user","content":"a"}]}
            """;
        using var content = new StringContent(text, Encoding.UTF8, "application/json");
        using var answer = await _gateway.Http.PostAsync(
            new Uri(Route, UriKind.Relative), content, TestContext.Current.CancellationToken);

        Assert.Equal(400, (int)answer.StatusCode);
    }

    // As deep as JSON is read, where arguments stand deeper than in their own text; and deeper.
    [Theory]
    [InlineData(60)]
    [InlineData(61)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(200)]
    public Task Post_ToolCallOfDeepArguments_IsTakenBack(int depth) => Post_ToolCallOfAnyText_IsTakenBack(
        $$"""{"a":{{new string('[', depth)}}{{new string(']', depth)}}}""");

    [Theory]
    [InlineData("{}")]
    [InlineData("no json")]
    [InlineData("{\"t\":\"\\ud83d\"}")] // half a character
    public async Task Post_ToolCallOfAnyText_IsTakenBack(string arguments)
    {
        var call = new { id = "a", type = "function", function = new { name = "f", arguments } };
        var chat = new
        {
            model = "toy",
            max_tokens = 1,
            messages = new object[]
            {
                new { role = "user", content = "a" },
                new { role = "assistant", content = "", tool_calls = new[] { call } },
                new { role = "user", content = "a" },
            },
        };
        var response = new
        {
            model = "toy",
            max_output_tokens = 16,
            input = new object[]
            {
                new { role = "user", content = "a" },
                new { type = "function_call", call_id = "c", name = "f", arguments },
                new { type = "function_call_output", call_id = "c", output = "b" },
            },
        };

        Assert.Equal(200, (await _gateway.PostAsync(Route, chat)).Status);
        Assert.Equal(200, (await _gateway.PostAsync("/v1/responses", response)).Status);
    }

    [Theory]
    [InlineData("{", "application/json", 400)]
    [InlineData("[]", "application/json", 400)]
    [InlineData("{}", "text/plain", 400)]
    [InlineData("""{"model":"\ud800"}""", "application/json", 400)]
    public async Task Post_NotAGoodJsonObject_IsRefused(string text, string mediaType, int status)
    {
        using var content = new StringContent(text, Encoding.UTF8, mediaType);
        using var answer = await _gateway.Http.PostAsync(
            new Uri(Route, UriKind.Relative), content, TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.NotEmpty(answer.Headers.GetValues("x-request-id"));
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.Equal("invalid_request", body.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Post_BodyBeyondTheLimit_IsRefusedAsSuch()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Route, UriKind.Relative))
        {
            Content = new ByteArrayContent(new byte[GatewayApplication.MostBodyBytes + 1]),
        };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.ExpectContinue = true;
        using var answer = await _gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);

        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Equal("payload_too_large", body.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains(
            "134217728 bytes", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_UnknownRoute_HasOpenAisError()
    {
        using var answer = await _gateway.Http.GetAsync(
            new Uri("/v1/nothing", UriKind.Relative), TestContext.Current.CancellationToken);

        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("not_found", body.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Get_ByAnotherHostName_IsRefused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/v1/models", UriKind.Relative));
        request.Headers.Host = "evil.test";

        using var answer = await _gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized, StipErrorCode.InvalidApiKey, 401, "invalid_api_key")]
    [InlineData(HttpStatusCode.ServiceUnavailable, StipErrorCode.ServerOverloaded, 503, "server_overloaded")]
    [InlineData(HttpStatusCode.BadRequest, StipErrorCode.ShapeMismatch, 502, "shape_mismatch")]
    public async Task Post_ServerRefuses_IsToldWithItsCode(
        HttpStatusCode upstream, StipErrorCode upstreamCode, int status, string code)
    {
        _gateway.Server.RefuseNext(upstream, upstreamCode);

        var (answered, body) = await _gateway.PostAsync(Route, Body("stream", "true"));

        Assert.Equal(status, answered);
        Assert.Equal(code, body.GetProperty("error").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    [InlineData(HttpStatusCode.TooManyRequests)]
    public async Task Post_ServerOrProxyTellsToWait_IsPassedOn(HttpStatusCode upstream)
    {
        _gateway.Server.FailNext(() => new HttpResponseMessage(upstream)
        {
            Headers = { RetryAfter = new(TimeSpan.FromSeconds(7)) },
        });

        using var answer = await _gateway.Http.PostAsJsonAsync(
            new Uri(Route, UriKind.Relative), Body("stream", "true"), TestContext.Current.CancellationToken);

        Assert.Equal(upstream, answer.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(7), answer.Headers.RetryAfter?.Delta);
    }

    [Fact]
    public async Task Post_ServerFailsInTheMiddle_SaysSoAndBreaksTheConnection()
    {
        _gateway.Server.BeforeStep = step =>
        {
            if (step == 3)
            {
                _gateway.Server.RefuseNext(HttpStatusCode.InternalServerError, StipErrorCode.InternalError);
            }
        };
        using var answer = await _gateway.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, new Uri(Route, UriKind.Relative))
            {
                Content = JsonContent.Create(Body("stream", "true")),
            },
            HttpCompletionOption.ResponseHeadersRead,
            TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var reader = new StreamReader(
            await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));

        var lines = new List<string>();
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
            {
                lines.Add(line);
            }
        });

        var last = lines.Last(line => line.Length > 0);
        Assert.StartsWith("data: {\"error\":", last, StringComparison.Ordinal);
        Assert.Contains("internal_error", last, StringComparison.Ordinal);
        Assert.DoesNotContain("data: [DONE]", lines);
    }

    private static Dictionary<string, object> Body(string field, string value)
    {
        var body = new Dictionary<string, object>
        {
            ["model"] = "toy",
            ["max_tokens"] = 8,
            ["temperature"] = 0,
            ["ignore_eos"] = true,
            ["messages"] = new[] { new { role = "user", content = "x" } },
        };
        body[field] = JsonDocument.Parse(value).RootElement;
        return body;
    }
}
