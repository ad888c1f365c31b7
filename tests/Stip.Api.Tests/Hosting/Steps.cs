using System.Buffers;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Hosting;

/// <summary>Makes, sends and compares steps of the tiny decoder.</summary>
internal static class Steps
{
    /// <summary>Rows that only a seed and a place decide.</summary>
    public static TensorPayload Rows(int seed, int first, int count, TensorDtype dtype = TensorDtype.Float32)
    {
        var values = new float[count * TinyDecoder.HiddenSize];
        for (var row = 0; row < count; row++)
        {
            var random = new Random(seed * 7919 + first + row);
            foreach (ref var value in values.AsSpan(row * TinyDecoder.HiddenSize, TinyDecoder.HiddenSize))
            {
                value = random.NextSingle() * 2 - 1;
            }
        }

        var data = new byte[values.Length * dtype.ByteSize()];
        TensorConversion.FromFloat32(values, dtype, data);
        return new TensorPayload(dtype.WireName(), [count, TinyDecoder.HiddenSize], data);
    }

    /// <summary>One row of one number.</summary>
    public static TensorPayload Filled(float value, TensorDtype dtype = TensorDtype.Float32)
    {
        var data = new byte[TinyDecoder.HiddenSize * dtype.ByteSize()];
        TensorConversion.FromFloat32([.. Enumerable.Repeat(value, TinyDecoder.HiddenSize)], dtype, data);
        return new TensorPayload(dtype.WireName(), [1, TinyDecoder.HiddenSize], data);
    }

    public static CompletionRequest Prefill(int seed, int count, LogitsRequest? logits = null) =>
        new("tiny", Rows(seed, 0, count), Logits: logits);

    public static CompletionRequest Next(
        CompletionResponse before, int seed, int count = 1, LogitsRequest? logits = null) =>
        new("tiny", Rows(seed, before.Position, count), before.SessionId, before.Position, logits);

    public static Task<CompletionResponse> StepAsync(this ApiCaller caller, CompletionRequest request) =>
        caller.PostAsync<CompletionResponse>(StipRoutes.Completions, request);

    public static async Task<CompletionResponse> StepAsSafetensorsAsync(
        this ApiCaller caller, CompletionRequest request)
    {
        using var response = await caller.SendAsync(
            HttpMethod.Post, StipRoutes.Completions, Safetensors(request), StipRoutes.SafetensorsMediaType);
        var body = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, System.Text.Encoding.UTF8.GetString(body));
        Assert.Equal(StipRoutes.SafetensorsMediaType, response.Content.Headers.ContentType?.MediaType);
        return CompletionResponseCodec.Read(body);
    }

    public static ByteArrayContent Safetensors(CompletionRequest request)
    {
        var body = new ArrayBufferWriter<byte>();
        CompletionRequestCodec.Write(body, request);
        return new ByteArrayContent(body.WrittenSpan.ToArray())
        {
            Headers = { ContentType = new MediaTypeHeaderValue(StipRoutes.SafetensorsMediaType) },
        };
    }

    /// <summary>The full row of a choice.</summary>
    public static float[] Row(this CompletionResponse response, int choice = 0) =>
        MemoryMarshal.Cast<byte, float>(response.Choices[choice].Logits.Data!.Value.Span).ToArray();

    /// <summary>Largest difference of two rows.</summary>
    public static float Difference(float[] one, float[] other) =>
        one.Zip(other).Max(pair => Math.Abs(pair.First - pair.Second));
}
