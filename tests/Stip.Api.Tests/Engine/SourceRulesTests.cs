using Stip.Api.Engine;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Engine;

/// <summary>What a first step may take of the server's memory.</summary>
public sealed class SourceRulesTests
{
    private const int Hidden = 32;

    [Theory]
    [InlineData(4, true)]
    [InlineData(1_000, false)] // 763 MiB of logits over 200,000 words
    public void Judge_OfLogitsThatNoChunkBounds_CountsThem(int rows, bool fits)
    {
        var decoder = new DecoderSnapshot(
            "pair",
            "decoder.onnx",
            Hidden,
            VocabSize: 200_000,
            ContextLength: 2_000,
            MaxTopK: 64,
            TensorDtype.Float32,
            TensorDtype.Float32,
            TensorDtype.Float32,
            new CacheManifest("growing", Layers: 0, KvHeads: 0, HeadDim: 0, Tensors: [], Cross: []))
        {
            Sequence = new SequenceSnapshot("encoder.onnx", "next.onnx", SourceLength: 64, []),
        };
        var request = new CompletionRequest("pair", Steps.Rows(9, 0, rows))
        {
            EncoderInputsEmbeds = Steps.Rows(1, 100, 4),
        };

        var refusal = SourceRules.Judge(decoder, request, new EngineOptions { ForwardMegabytes = 64 }, out _);

        Assert.Equal(fits ? null : StipErrorCode.PayloadTooLarge, refusal?.Code);
    }

    [Fact]
    public async Task Source_ThatNoBudgetHolds_IsNotWaitedFor()
    {
        using var server = new ApiServer(
            ("Stip:Api:Engine:CacheMegabytes", "1"), ("Stip:Api:Engine:ForwardMegabytes", "100000"));
        new TinySequence(SourceLength: 8_000).WriteTo(server.PackageFolder("pair"));

        using var answer = await server.Caller().PostAsync(
            "/v1/permuted/completions",
            new CompletionRequest("pair", Steps.Rows(9, 0, 1)) { EncoderInputsEmbeds = Steps.Rows(1, 100, 5_000) });

        var error = await ApiCaller.RefusedAsync(answer, 400, "context_length_exceeded");
        Assert.Contains("2 MiB of cache beside the session's own, there are 1", error.Detail, StringComparison.Ordinal);
        Assert.Null(answer.Headers.RetryAfter);
    }
}
