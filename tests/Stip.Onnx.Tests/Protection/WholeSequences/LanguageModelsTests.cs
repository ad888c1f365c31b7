using System.Text.Json;
using Stip.Keys.Bundles;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Protection.Cut;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.WholeSequences;

/// <summary>Which graphs without a cache are decoders: those whose rows tell of nothing behind them.</summary>
public sealed class LanguageModelsTests : IDisposable
{
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(true, "all", WholeSequenceManifest.AllRows)]
    [InlineData(true, "all", WholeSequenceManifest.AllRows, VerificationMode.Blocks)]
    [InlineData(true, "last", WholeSequenceManifest.LastRow)]
    [InlineData(true, "sliced", WholeSequenceManifest.LastRow)]
    [InlineData(false, "last", WholeSequenceManifest.LastRow)] // the last row reads what it likes
    [InlineData(false, "all", null)] // a masked language model
    [InlineData(false, "all", null, VerificationMode.Blocks)]
    [InlineData(true, "most", null)] // words of a text, as sparse encoders score them
    public void Protect_OfAGraphWithoutACache_TellsLanguageModelsByRunningThem(
        bool isCausal, string end, string? rows, VerificationMode mode = VerificationMode.Full)
    {
        SmallLanguageModel.Build(_graph, isCausal, end);

        var (bundle, warnings) = Protect(mode);

        Assert.Equal(rows, bundle.WholeSequence?.Rows);
        Assert.Null(bundle.WholeSequence?.Inputs);
        Assert.Null(bundle.WholeSequence?.Gives);
        Assert.Equal(rows is null ? "encoder" : "decoder", bundle.Kind);
        Assert.Equal(
            rows is not null,
            warnings.Any(line => line.StartsWith("the graph has no cache", StringComparison.Ordinal)));
    }

    [Fact]
    public void Protect_OfAGraphWithAMask_SaysWhatClientsGiveIt()
    {
        SmallLanguageModel.Build(_graph, isCausal: true, mask: "x1");

        var (bundle, _) = Protect();

        Assert.Equal(
            new Dictionary<string, string> { ["x1"] = WholeSequenceManifest.Ones }, bundle.WholeSequence?.Inputs);
    }

    // With ones it would hide all tokens.
    [Fact]
    public void Protect_OfAGraphWithAMaskThatHides_SaysThatClientsGiveItZeros()
    {
        SmallLanguageModel.Build(_graph, isCausal: true, mask: "key_padding_mask", hides: true);

        var (bundle, _) = Protect();

        Assert.Equal(
            new Dictionary<string, string> { ["key_padding_mask"] = WholeSequenceManifest.Zeros },
            bundle.WholeSequence?.Inputs);
    }

    [Fact]
    public void Protect_OfAGraphThatGivesShares_SaysThatTheyAreNoLogits()
    {
        SmallLanguageModel.Build(_graph, isCausal: true, end: "shares");

        var (bundle, _) = Protect();

        Assert.Equal(WholeSequenceManifest.Probabilities, bundle.WholeSequence?.Gives);
    }

    [Fact]
    public void Protect_WithoutRunningIt_LeavesAnEncoderAndSaysWhy()
    {
        SmallLanguageModel.Build(_graph, isCausal: true);

        var (bundle, warnings) = Protect(VerificationMode.None);

        Assert.Equal("encoder", bundle.Kind);
        Assert.Contains(warnings, line => line.Contains("which --verify none leaves out", StringComparison.Ordinal));
    }

    [Fact]
    public void Protect_OfAGraphOfOneLengthThatGivesTheLastRowAlone_LeavesAnEncoderAndSaysWhy()
    {
        SmallLanguageModel.Build(_graph, isCausal: true, end: "last");
        _graph.Graph.Graph.Input[0].Type.TensorType.Shape.Dim[1] = new TensorShapeProto.Types.Dimension
        {
            DimValue = 5,
        };

        var (bundle, warnings) = Protect();

        Assert.Equal("encoder", bundle.Kind);
        Assert.Contains(warnings, line => line.Contains("takes texts of 5 tokens", StringComparison.Ordinal));
    }

    // No second token tells whether the first one knows of it.
    [Fact]
    public void Protect_OfAGraphOfOneToken_LeavesAnEncoderAndSaysWhy()
    {
        SmallLanguageModel.Build(_graph, isCausal: true);
        _graph.Graph.Graph.Input[0].Type.TensorType.Shape.Dim[1] = new TensorShapeProto.Types.Dimension
        {
            DimValue = 1,
        };

        var (bundle, warnings) = Protect();

        Assert.Equal("encoder", bundle.Kind);
        Assert.Contains(warnings, line => line.Contains("could not be told", StringComparison.Ordinal));
    }

    // Its rows know their own token alone; the table is its head.
    [Fact]
    public void Protect_OfTokensThatSeeNoOthers_IsALanguageModel()
    {
        TextGraph.Build(_graph);

        var (bundle, _) = Protect();

        Assert.Equal(("decoder", WholeSequenceManifest.AllRows), (bundle.Kind, bundle.WholeSequence?.Rows));
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private (BundleManifest Bundle, IReadOnlyList<string> Warnings) Protect(
        VerificationMode mode = VerificationMode.Full)
    {
        _graph.Save().Dispose();
        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("words", Verify: mode));
        return (
            JsonSerializer.Deserialize<BundleManifest>(
                File.ReadAllBytes(_folder.At("package/client/bundle.json")), StipJson.File)!,
            made.Warnings);
    }
}
