using System.Text;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Endpoints;

public sealed class RefusalTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    private static readonly CompletionRequest Good = Steps.Prefill(1, 2);

    public static TheoryData<string, int, string> Bad => new()
    {
        { "no model", 400, "invalid_request" },
        { "unknown model", 404, "model_not_found" },
        { "encoder", 400, "invalid_request" },
        { "no rows", 400, "invalid_request" },
        { "zero rows", 400, "shape_mismatch" },
        { "width", 400, "shape_mismatch" },
        { "negative axis", 400, "shape_mismatch" },
        { "huge axis", 400, "context_length_exceeded" },
        { "three axes", 400, "shape_mismatch" },
        { "too few bytes", 400, "shape_mismatch" },
        { "dtype", 400, "unsupported_dtype" },
        { "integers", 400, "unsupported_dtype" },
        { "NaN", 400, "non_finite_input" },
        { "infinity", 400, "non_finite_input" },
        { "overflow", 400, "non_finite_input" },
        { "too many rows", 400, "context_length_exceeded" },
        { "max_length 0", 400, "invalid_request" },
        { "max_length beyond", 400, "context_length_exceeded" },
        { "rows beyond max_length", 400, "context_length_exceeded" },
        { "lost", 410, "session_lost" },
        { "no position", 400, "invalid_request" },
        { "negative position", 400, "invalid_request" },
        { "position of a new session", 400, "position_ahead" },
        { "top_k 0", 400, "invalid_request" },
        { "top_k beyond", 400, "invalid_request" },
        { "rows", 400, "invalid_request" },
        { "temperature 0", 400, "invalid_request" },
        { "temperature NaN", 400, "invalid_request" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task Step_ThatIsBad_IsRefusedInBothForms(string what, int status, string code)
    {
        var request = Spoil(what);
        var caller = tiny.Server.Caller();
        if (!double.IsNaN(request.Logits?.Temperature ?? 1))
        {
            using var json = await caller.PostAsync(StipRoutes.Completions, request);
            await ApiCaller.RefusedAsync(json, status, code);
        }

        if (request.PromptEmbeds is not null
            && what is not ("too few bytes" or "negative axis" or "huge axis" or "dtype"))
        {
            using var binary =
                await caller.SendAsync(HttpMethod.Post, StipRoutes.Completions, Steps.Safetensors(request));
            await ApiCaller.RefusedAsync(binary, status, code);
        }

        Assert.Equal(2, (await caller.StepAsync(Good)).Position);
    }

    [Fact]
    public async Task Position_AheadOfTheCache_IsRefusedAndCostsNothing()
    {
        var caller = tiny.Server.Caller();
        var step = await caller.StepAsync(Good);
        using var ahead = await caller.PostAsync(StipRoutes.Completions, Steps.Next(step, 1) with { Position = 3 });
        var error = await ApiCaller.RefusedAsync(ahead, 400, "position_ahead");
        Assert.Contains("holds 2", error.Detail, StringComparison.Ordinal);
        Assert.Equal(3, (await caller.StepAsync(Steps.Next(step, 1))).Position);
    }

    [Fact]
    public async Task TopK_BeyondTheModels_NamesTheRange()
    {
        using var response = await tiny.Server.Caller().PostAsync(StipRoutes.Completions, Spoil("top_k beyond"));
        var error = await ApiCaller.RefusedAsync(response, 400, "invalid_request");
        Assert.Contains($"1..{TinyDecoder.MaxTopK}", error.Detail, StringComparison.Ordinal);
        Assert.Equal("logits.top_k", error.Error.Param);
    }

    [Theory]
    [InlineData("", 400, "invalid_request")]
    [InlineData("{", 400, "invalid_request")]
    [InlineData("null", 400, "invalid_request")]
    [InlineData("[1]", 400, "invalid_request")]
    [InlineData("{\"model\":1}", 400, "invalid_request")]
    [InlineData("{\"model\":\"tiny\",\"position\":1e99}", 400, "invalid_request")]
    [InlineData("{\"model\":\"tiny\",\"keep\":\"yes\"}", 400, "invalid_request")]
    [InlineData("{\"model\":\"tiny\",\"prompt_embeds\":{\"dtype\":\"float32\",\"shape\":[1,32],\"data\":\"?\"}}", 400,
        "invalid_request")]
    public async Task Json_ThatIsNotTheContracts_IsRefused(string body, int status, string code)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await tiny.Server.Caller().SendAsync(HttpMethod.Post, StipRoutes.Completions, content);
        await ApiCaller.RefusedAsync(response, status, code);
    }

    [Fact]
    public async Task Json_NestedDeeply_IsRefused()
    {
        using var content = new StringContent(
            string.Concat(Enumerable.Repeat("{\"a\":", 5000)), Encoding.UTF8, "application/json");
        using var response = await tiny.Server.Caller().SendAsync(HttpMethod.Post, StipRoutes.Completions, content);
        await ApiCaller.RefusedAsync(response, 400, "invalid_request");
    }

    [Fact]
    public async Task Body_LargerThanAnyModelNeeds_IsRefused()
    {
        using var content = new ByteArrayContent(new byte[1 << 20]);
        content.Headers.ContentType = new("application/json");
        using var response = await tiny.Server.Caller().SendAsync(HttpMethod.Post, StipRoutes.Completions, content);
        await ApiCaller.RefusedAsync(response, 413, "payload_too_large");
    }

    [Theory]
    [InlineData("POST", "/v1/permuted/completions", "text/plain", 415, "invalid_request")]
    [InlineData("POST", "/v1/models", "text/plain", 415, "invalid_request")]
    [InlineData("GET", "/v1/permuted/completions", null, 405, "invalid_request")]
    [InlineData("GET", "/v1/nothing", null, 404, "not_found")]
    [InlineData("GET", "/v1/models/nothing", null, 404, "model_not_found")]
    [InlineData("GET", "/v1/uploads/nothing", null, 404, "not_found")]
    [InlineData("GET", "/v1/api_keys/nothing", null, 404, "not_found")]
    [InlineData("GET", "/v1/permuted/sessions/nothing", null, 410, "session_lost")]
    [InlineData("DELETE", "/v1/permuted/sessions/nothing", null, 410, "session_lost")]
    [InlineData("DELETE", "/v1/models/nothing", null, 404, "model_not_found")]
    public async Task Route_ThatDoesNotFit_IsRefusedInTheContractsForm(
        string method, string path, string? contentType, int status, string code)
    {
        using var content = contentType is null ? null : new StringContent("{}", Encoding.UTF8, contentType);
        using var response = await tiny.Server.Caller().SendAsync(new HttpMethod(method), path, content);
        await ApiCaller.RefusedAsync(response, status, code);
    }

    private static CompletionRequest Spoil(string what) => what switch
    {
        "no model" => Good with { Model = "" },
        "unknown model" => Good with { Model = "nope" },
        "encoder" => Good with { Model = TinyEncoder.Model },
        "no rows" => Good with { PromptEmbeds = null! },
        "zero rows" => With(new TensorPayload("float32", [0, 32], default)),
        "width" => With(new TensorPayload("float32", [1, 31], new byte[31 * 4])),
        "negative axis" => With(new TensorPayload("float32", [-1, 32], new byte[128])),
        "huge axis" => With(new TensorPayload("float32", [long.MaxValue, 32], new byte[128])),
        "three axes" => With(new TensorPayload("float32", [1, 1, 32], new byte[128])),
        "too few bytes" => With(new TensorPayload("float32", [2, 32], new byte[128])),
        "dtype" => With(new TensorPayload("float8", [1, 32], new byte[32])),
        "integers" => With(new TensorPayload("int32", [1, 32], new byte[128])),
        "NaN" => With(Steps.Filled(float.NaN, TensorDtype.Float16)),
        "infinity" => With(Steps.Filled(float.NegativeInfinity, TensorDtype.BFloat16)),
        "overflow" => With(Steps.Filled(3e38f, TensorDtype.Float32)),
        "too many rows" => With(Steps.Rows(1, 0, TinyDecoder.ContextLength + 1)),
        "max_length 0" => Good with { MaxLength = 0 },
        "max_length beyond" => Good with { MaxLength = TinyDecoder.ContextLength + 1 },
        "rows beyond max_length" => Good with { MaxLength = 1 },
        "lost" => Good with { SessionId = "sess_nope", Position = 0 },
        "no position" => Good with { SessionId = "sess_nope" },
        "negative position" => Good with { SessionId = "sess_nope", Position = -1 },
        "position of a new session" => Good with { Position = 1 },
        "top_k 0" => Good with { Logits = new LogitsRequest(0) },
        "top_k beyond" => Good with { Logits = new LogitsRequest(TinyDecoder.MaxTopK + 1) },
        "rows" => Good with { Logits = new LogitsRequest(Rows: "first") },
        "temperature 0" => Good with { Logits = new LogitsRequest(1, Temperature: 0) },
        "temperature NaN" => Good with { Logits = new LogitsRequest(1, Temperature: double.NaN) },
        _ => throw new ArgumentOutOfRangeException(nameof(what)),
    };

    private static CompletionRequest With(TensorPayload rows) => Good with { PromptEmbeds = rows };
}
