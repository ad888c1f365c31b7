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
        var decoder = Decoder(vocabSize: 200_000, states: null);
        var request = new CompletionRequest("pair", Steps.Rows(9, 0, rows))
        {
            EncoderInputsEmbeds = Steps.Rows(1, 100, 4),
        };

        var refusal = SourceRules.Judge(decoder, request, new EngineOptions { ForwardMegabytes = 64 }, out _);

        Assert.Equal(fits ? null : StipErrorCode.PayloadTooLarge, refusal?.Code);
    }

    [Theory]
    [InlineData(16, true)]
    [InlineData(7, false)]
    public void Judge_OfAnEncoderOfOneLength_TakesNoOther(int rows, bool fits)
    {
        var decoder = Decoder(vocabSize: 8, new SourceStates(Hidden, Hidden, Rows: 16, SourceRows: 16));

        var refusal = SourceRules.Judge(decoder, Request(rows), new EngineOptions { ForwardMegabytes = 64 }, out _);

        Assert.Equal(fits ? null : StipErrorCode.ShapeMismatch, refusal?.Code);
        Assert.Equal(
            fits ? null : "encoder_inputs_embeds has shape [7, 32], the model takes [16, 32]", refusal?.Message);
    }

    [Theory]
    [InlineData(4_000, true)] // looks at windows, as its package says of its only source
    [InlineData(null, false)] // 488 MiB of attention over 4,000 rows
    public void Judge_OfFewStatesOfAnySource_CountsWhatIsLookedAt(int? sourceRows, bool fits)
    {
        var decoder = Decoder(vocabSize: 8, new SourceStates(Hidden, Hidden, Rows: 8, sourceRows));

        var refusal = SourceRules.Judge(decoder, Request(4_000), new EngineOptions { ForwardMegabytes = 64 }, out _);

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

    private static CompletionRequest Request(int sourceRows) => new("pair", Steps.Rows(9, 0, 1))
    {
        EncoderInputsEmbeds = Steps.Rows(1, 100, sourceRows),
    };

    private static DecoderSnapshot Decoder(int vocabSize, SourceStates? states) => new(
        "pair",
        "decoder.onnx",
        Hidden,
        vocabSize,
        ContextLength: 2_000,
        MaxTopK: 64,
        TensorDtype.Float32,
        TensorDtype.Float32,
        TensorDtype.Float32,
        new CacheManifest("growing", Layers: 0, KvHeads: 0, HeadDim: 0, Tensors: [], Cross: []))
    {
        Sequence = new SequenceSnapshot("encoder.onnx", "next.onnx", SourceLength: 4_000, []) { States = states },
    };
}
