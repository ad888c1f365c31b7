using System.Net.Http.Json;
using System.Runtime.InteropServices;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Errors;
using Stip.Protocol.Forward;
using Stip.Protocol.Models;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Endpoints;

public sealed class ForwardTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    private static readonly float[] Rows = [.. Enumerable.Range(0, 8).Select(i => i / 8f)];

    [Fact]
    public async Task Pass_OfAGraphWithoutACache_GivesItsOutputs()
    {
        var answer = await tiny.Server.Caller().PostAsync<ForwardResponse>(StipRoutes.Forward, Request());
        var output = answer.Outputs["last_hidden_state"];
        Assert.Equal([1L, 2L, 4L], output.Shape);
        var expected = Rows.Select((x, i) => MathF.Tanh(x + i / 4));
        Assert.All(
            expected.Zip(MemoryMarshal.Cast<byte, float>(output.Data.Span).ToArray()),
            pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
    }

    [Fact]
    public async Task Safetensors_OfTheSamePass_EqualsJson()
    {
        var json = await tiny.Server.Caller().PostAsync<ForwardResponse>(StipRoutes.Forward, Request());
        using var response = await SendSafetensorsAsync(Request());
        Assert.Equal(StipRoutes.SafetensorsMediaType, response.Content.Headers.ContentType?.MediaType);
        var binary = ForwardCodec.ReadResponse(
            await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.Equal((json.Object, json.Model), (binary.Object, binary.Model));
        var package = (await tiny.Server.Caller().GetAsync<ModelObject>(
            $"{StipRoutes.Models}/{TinyEncoder.Model}")).Stip!;
        Assert.Equal((package.Fingerprint, (int?)package.KeyEpoch), (json.Fingerprint, json.KeyEpoch));
        Assert.Equal((package.Fingerprint, (int?)package.KeyEpoch), (binary.Fingerprint, binary.KeyEpoch));
        var (one, other) = (Assert.Single(json.Outputs), Assert.Single(binary.Outputs));
        Assert.Equal((one.Key, one.Value.Dtype), (other.Key, other.Value.Dtype));
        Assert.Equal(one.Value.Shape, other.Value.Shape);
        Assert.Equal(one.Value.Data.ToArray(), other.Value.Data.ToArray());
    }

    [Theory]
    [InlineData(64, 200)]
    [InlineData(65, 400)]
    public async Task Pass_OfMoreTokensThanTheModelTakes_IsRefused(int tokens, int status)
    {
        using var server = new ApiServer();
        TinyEncoder.WriteTo(server.PackageFolder("tiny-encoder"), contextLength: 64);
        var inputs = new Dictionary<string, TensorPayload>
        {
            ["inputs_embeds"] = new("float32", [1, tokens, 4], new byte[tokens * 4 * sizeof(float)]),
            ["token_type_ids"] = new("int64", [1, tokens], new byte[tokens * sizeof(long)]),
        };
        using var response = await server.Caller().PostAsync(StipRoutes.Forward, Request() with { Inputs = inputs });

        Assert.Equal(status, (int)response.StatusCode);
        if (status != 200)
        {
            await ApiCaller.RefusedAsync(response, status, "context_length_exceeded");
        }
    }

    [Theory]
    [InlineData("width", "shape_mismatch")]
    [InlineData("other axis", "shape_mismatch")]
    [InlineData("bytes", "shape_mismatch")]
    [InlineData("huge axes", "shape_mismatch")]
    [InlineData("dtype", "unsupported_dtype")]
    [InlineData("NaN", "non_finite_input")]
    [InlineData("missing", "invalid_request")]
    [InlineData("graph", "unsupported_parameter")]
    public async Task Pass_ThatIsBad_IsRefused(string what, string code)
    {
        var good = Request();
        var inputs = new Dictionary<string, TensorPayload>(good.Inputs);
        switch (what)
        {
            case "width":
                inputs["inputs_embeds"] = new TensorPayload("float32", [1, 2, 5], new byte[40]);
                break;
            case "other axis":
                inputs["token_type_ids"] = new TensorPayload("int64", [1, 3], new byte[24]);
                break;
            case "bytes":
                inputs["inputs_embeds"] = inputs["inputs_embeds"] with { Data = new byte[4] };
                break;
            case "huge axes":
                inputs["inputs_embeds"] = inputs["inputs_embeds"] with { Shape = [long.MaxValue, long.MaxValue, 4] };
                break;
            case "dtype":
                inputs["token_type_ids"] = new TensorPayload("int32", [1, 2], new byte[8]);
                break;
            case "NaN":
                inputs["inputs_embeds"] = Tensor([float.NaN, .. Rows[1..]]);
                break;
            case "missing":
                inputs.Remove("token_type_ids");
                break;
        }

        var request = good with { Inputs = inputs, Graph = what == "graph" ? "vision" : null };
        if (what is not ("bytes" or "huge axes"))
        {
            using var binary = await SendSafetensorsAsync(request);
            await ApiCaller.RefusedAsync(binary, 400, code);
        }

        using var response = await tiny.Server.Caller().PostAsync(StipRoutes.Forward, request);
        await ApiCaller.RefusedAsync(response, 400, code);
    }

    [Fact]
    public async Task Body_LargerThanAnyModelOfTheKeyCouldUse_IsRefused()
    {
        using var server = new ApiServer(("Stip:Api:Engine:MaxBatch", "2"));
        TinyEncoder.WriteTo(server.PackageFolder("tiny-encoder"), contextLength: 64);
        using var fits = await server.Caller().PostAsync(StipRoutes.Forward, TinyEncoder.Request(2, 64));
        Assert.True(fits.IsSuccessStatusCode);
        using var tooLarge = await server.Caller().PostAsync(StipRoutes.Forward, TinyEncoder.Request(64, 64));
        await ApiCaller.RefusedAsync(tooLarge, 413, "payload_too_large");
    }

    [Fact]
    public async Task Pass_OfMoreMemoryThanOneMayTake_IsRefusedAndASmallerOneRuns()
    {
        using var server = new ApiServer(("Stip:Api:Engine:ForwardMegabytes", "64"));
        TinyEncoder.WriteTo(server.PackageFolder("tiny-encoder"), contextLength: 4096);
        using var fits = await server.Caller().PostAsync(StipRoutes.Forward, TinyEncoder.Request(1, 1024));
        Assert.True(fits.IsSuccessStatusCode);
        foreach (var (texts, rows) in new[] { (2, 1024), (1, 2048) })
        {
            using var tooLarge = await server.Caller().PostAsync(StipRoutes.Forward, TinyEncoder.Request(texts, rows));
            await ApiCaller.RefusedAsync(tooLarge, 413, "payload_too_large");
        }
    }

    [Fact]
    public async Task Pass_OfALargerAnswerThanOneMayBe_IsRefusedAndASmallerOneRuns()
    {
        using var server = new ApiServer(
            ("Stip:Api:Engine:MaxAnswerMegabytes", "1"), ("Stip:Api:Engine:ForwardMegabytes", "100000000"));
        TinyEncoder.WriteTo(server.PackageFolder("tiny-encoder"), contextLength: 2048);
        using var fits = await server.Caller().PostAsync(StipRoutes.Forward, TinyEncoder.Request(64, 1024));
        Assert.True(fits.IsSuccessStatusCode);
        using var tooLarge = await server.Caller().PostAsync(StipRoutes.Forward, TinyEncoder.Request(64, 1025));
        await ApiCaller.RefusedAsync(tooLarge, 413, "payload_too_large");
    }

    [Fact]
    public async Task Pass_WithAnIndexBeyondATable_IsARefusalAndNoBug()
    {
        var inputs = new Dictionary<string, TensorPayload>(Request().Inputs)
        {
            ["token_type_ids"] = new("int64", [1, 2], MemoryMarshal.AsBytes<long>([0, 777]).ToArray()),
        };
        using var response = await tiny.Server.Caller().PostAsync(
            StipRoutes.Forward, Request() with { Inputs = inputs });

        // The id of the request is a random number and may hold it.
        var document = await response.Content.ReadFromJsonAsync<ErrorDocument>(
            StipJson.Wire, TestContext.Current.CancellationToken);
        Assert.DoesNotContain("777", document!.Detail + document.Error.Message, StringComparison.Ordinal);
        await ApiCaller.RefusedAsync(response, 400, "invalid_request");
    }

    private async Task<HttpResponseMessage> SendSafetensorsAsync(ForwardRequest request)
    {
        using var content = new ByteArrayContent(ForwardCodec.Write(request));
        content.Headers.ContentType = new(StipRoutes.SafetensorsMediaType);
        return await tiny.Server.Caller().SendAsync(HttpMethod.Post, StipRoutes.Forward, content);
    }

    private static ForwardRequest Request() => new(TinyEncoder.Model, new Dictionary<string, TensorPayload>
    {
        ["inputs_embeds"] = Tensor(Rows),
        ["token_type_ids"] = new("int64", [1, 2], MemoryMarshal.AsBytes<long>([0, 1]).ToArray()),
    });

    private static TensorPayload Tensor(float[] values) =>
        new("float32", [1, 2, TinyEncoder.HiddenSize], MemoryMarshal.AsBytes<float>(values).ToArray());
}
