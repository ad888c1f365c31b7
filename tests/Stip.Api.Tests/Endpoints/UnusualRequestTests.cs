using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Stip.Api.Tests.Hosting;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Completions;
using Stip.Protocol.Packages;
using Stip.Protocol.Sessions;
using Stip.Protocol.Tensors;
using Stip.Protocol.Uploads;

namespace Stip.Api.Tests.Endpoints;

/// <summary>What strangers' programs send: legal but seldom, or wrong in ways that frameworks answer in words of their
/// own.</summary>
public sealed class UnusualRequestTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    private readonly ApiCaller _caller = tiny.Server.Caller();

    [Theory]
    [InlineData(" x")]
    [InlineData("{}")]
    [InlineData("]")]
    public async Task Json_WithSomethingBehindIt_IsRefused(string behind)
    {
        var good = JsonSerializer.Serialize(Steps.Prefill(1, 2) with { Keep = false }, StipJson.Wire);
        using var response = await PostJsonAsync(StipRoutes.Completions, good + behind);

        await ApiCaller.RefusedAsync(response, 400, "invalid_request");
    }

    [Fact]
    public async Task Safetensors_WithSomethingBehindTheRows_IsRefused()
    {
        var good = await Steps.Safetensors(Steps.Prefill(1, 2) with { Keep = false }).ReadAsByteArrayAsync(
            TestContext.Current.CancellationToken);
        using var response = await PostSafetensorsAsync([.. good, 0]);

        var error = await ApiCaller.RefusedAsync(response, 400, "invalid_request");
        Assert.Equal("safetensors: the last 1 bytes belong to no tensor", error.Detail);
    }

    [Theory]
    [InlineData("position", "-")]
    [InlineData("top_k", "1.5")]
    [InlineData("temperature", "warm")]
    [InlineData("keep", "no")]
    public async Task Metadata_OfAnotherType_IsNamed(string field, string value)
    {
        var header = SafetensorsHeader.Format(
            [new SafetensorsEntry(CompletionFields.PromptEmbeds, TensorDtype.Float32, [1, 32], 0, 128)],
            new Dictionary<string, string> { ["model"] = "tiny", [field] = value });
        using var response = await PostSafetensorsAsync([.. header, .. new byte[128]]);

        var error = await ApiCaller.RefusedAsync(response, 400, "invalid_request");
        Assert.Equal(field, error.Error.Param);
    }

    [Theory]
    [InlineData(StipRoutes.Completions)]
    [InlineData(StipRoutes.Forward)]
    public async Task Body_WithoutAContentType_IsRefusedAsOneOfAnother(string path)
    {
        using var body = new ByteArrayContent("{}"u8.ToArray());
        using var response = await _caller.SendAsync(HttpMethod.Post, path, body);

        var error = await ApiCaller.RefusedAsync(response, 415, "invalid_request");
        Assert.Equal("Content-Type", error.Error.Param);
    }

    [Fact]
    public async Task Form_ThatBreaksOffInItsPart_IsRefusedAndDoesNotCount()
    {
        var upload = await _caller.AnnounceAsync(new PackageFile("model.onnx", 100, new string('a', 64)));
        const string torn = "--B\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\nhalf of a p";
        using var body = new ByteArrayContent(Encoding.ASCII.GetBytes(torn));
        body.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=B");
        var path = $"{StipRoutes.Uploads}/{upload.Id}";
        using var response = await _caller.SendAsync(HttpMethod.Post, path + "/parts", body);

        var error = await ApiCaller.RefusedAsync(response, 400, "invalid_request");
        Assert.Contains("the form ends", error.Detail, StringComparison.Ordinal);
        Assert.Equal(0, (await _caller.GetAsync<UploadObject>(path)).BytesReceived);
    }

    [Fact]
    public async Task Fork_WithoutABody_IsTheWholeSession()
    {
        var step = await _caller.StepAsync(Steps.Prefill(1, 2));
        using var response = await _caller.SendAsync(
            HttpMethod.Post, $"{StipRoutes.Sessions}/{step.SessionId}/fork");

        Assert.Equal(2, (await ApiCaller.ReadAsync<SessionObject>(response)).Position);
    }

    [Theory]
    [InlineData("/v1/models", "POST", null, "a body in JSON is required")]
    [InlineData("/v1/audit_events?limit=many", "GET", "limit", "limit is missing or not of its type")]
    public async Task Binding_ThatFails_SpeaksOfTheRequest(string path, string method, string? param, string message)
    {
        using var response = await _caller.SendAsync(new HttpMethod(method), path);

        var error = await ApiCaller.RefusedAsync(response, 400, "invalid_request");
        Assert.Equal((param, message), (error.Error.Param, error.Detail));
    }

    [Fact]
    public async Task Message_ThatQuotesLineEnds_IsOneLine()
    {
        using var response = await _caller.PostAsync(
            StipRoutes.Completions, Steps.Prefill(1, 1) with { Model = "a\r\nb\u001b[31m" });

        var error = await ApiCaller.RefusedAsync(response, 404, "model_not_found");
        Assert.DoesNotContain(error.Detail, char.IsControl);
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task Health_AskedByHead_IsAnsweredToAnybody(string path)
    {
        using var response = await tiny.Server.Caller(key: null).SendAsync(HttpMethod.Head, path);

        Assert.Equal(200, (int)response.StatusCode);
    }

    [Fact]
    public async Task Name_OfAKeyWithControlCharacters_IsRefused()
    {
        using var response = await _caller.PostAsync(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("a\0b", [ApiKeyScopes.Infer]));

        await ApiCaller.RefusedAsync(response, 400, "invalid_request");
    }

    [Theory]
    [InlineData("application/x-safetensors;q=0.1, application/json", "application/json")]
    [InlineData("application/json;q=0.5, application/x-safetensors;q=0.9", "application/x-safetensors")]
    [InlineData("application/json, */*;q=0.1", "application/json")]
    public async Task Accept_WithWeights_TakesTheForemost(string accept, string expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, StipRoutes.Completions)
        {
            Content = Steps.Safetensors(Steps.Prefill(1, 1) with { Keep = false }),
        };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.Authorization = new("Bearer", ApiServer.AdminKey);
        using var client = tiny.Server.CreateClient();
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(expected, response.Content.Headers.ContentType?.MediaType);
    }

    private async Task<HttpResponseMessage> PostSafetensorsAsync(byte[] file)
    {
        using var content = new ByteArrayContent(file);
        content.Headers.ContentType = new MediaTypeHeaderValue(StipRoutes.SafetensorsMediaType);
        return await _caller.SendAsync(HttpMethod.Post, StipRoutes.Completions, content);
    }

    private async Task<HttpResponseMessage> PostJsonAsync(string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        return await _caller.SendAsync(HttpMethod.Post, path, content);
    }
}
