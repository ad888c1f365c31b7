using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Outputs that have no features to hide hinder nothing: shares of attention beside rows, one number for a
/// picture; and floats along the axis of other features are as long as those.</summary>
public sealed class OutputsOfPlacesTests : IDisposable
{
    private const int Hidden = 8;
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Protect_OfRowsWithSharesOfAttention_LeavesTheSharesInPlace()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "b", "s");
        _graph.Add("Gather", "rows", _graph.Weight("tokens", 11, Hidden), "input_ids");
        _graph.Add("MatMul", "query", "rows", _graph.Weight("query_weight", Hidden, Hidden));
        _graph.With("Transpose", "columns", ["rows"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("MatMul", "scores", "query", "columns");
        _graph.With("Softmax", "shares", ["scores"], NodeAttribute.Int("axis", -1));
        _graph.Add("MatMul", "mixed", "shares", "rows");
        _graph.Add("MatMul", "states", "mixed", _graph.Weight("last", Hidden, Hidden));
        _graph.Output("states", "d0", "d1", Hidden);
        _graph.Output("shares", "d2", "d3", "d4");

        var manifest = Protect();

        Assert.Equal("last_hidden_state=states", Ports(manifest.Graphs["encoder"]));
    }

    // Places under kernels are most of the weights, and stay.
    [Fact]
    public void Protect_OfOneNumberForAPicture_TakesIt()
    {
        _graph.Input("pixel_values", "b", 3, 16, 16);
        _graph.With("Conv", "seen", ["pixel_values", _graph.Weight("stem", Hidden, 3, 4, 4)],
            NodeAttribute.Ints("strides", 4, 4), NodeAttribute.Ints("kernel_shape", 4, 4));
        _graph.Add("Relu", "active", "seen");
        _graph.With("Conv", "deep", ["active", _graph.Weight("second", Hidden, Hidden, 3, 3)],
            NodeAttribute.Ints("kernel_shape", 3, 3));
        _graph.Add("GlobalAveragePool", "pooled", "deep");
        _graph.With("Flatten", "flat", ["pooled"], NodeAttribute.Int("axis", 1));
        _graph.Add("MatMul", "score", "flat", _graph.Weight("head", Hidden, 1));
        _graph.Output("score", "b", 1);

        Protect();
    }

    [Fact]
    public void Protect_OfPointsWithLabels_TriesAsManyOfBoth()
    {
        _graph.Input("point_coords", "b", "n", 4);
        _graph.Input("point_labels", "b", "n");
        _graph.Add("MatMul", "placed", "point_coords", _graph.Weight("places", 4, Hidden));
        _graph.Add("Unsqueeze", "column", "point_labels", _graph.Numbers(2));
        _graph.With("Cast", "marks", [_graph.Add("Equal", "marked", "column", _graph.Number(1))],
            NodeAttribute.Int("to", (int)TensorProto.Types.DataType.Float));
        _graph.Add("Mul", "label", "marks", _graph.Weight("mark", 1, Hidden));
        _graph.Add("Add", "points", "placed", "label");
        _graph.Add("Relu", "active", "points");
        _graph.Add("MatMul", "y", "active", _graph.Weight("head", Hidden, 7));
        _graph.Output("y", "b", "n", 7);

        Protect();
    }

    [Fact]
    public void Protect_OfASoundWithAMask_TriesAMaskAsLong()
    {
        _graph.Input("waveforms", "b", "t");
        _graph.Graph.AddInput("mask", TensorDtype.Int64, "b", "t");
        _graph.With("Cast", "heard", ["mask"], NodeAttribute.Int("to", (int)TensorProto.Types.DataType.Float));
        _graph.Add("Mul", "sound", "waveforms", "heard");
        _graph.Add("Unsqueeze", "one", "sound", _graph.Numbers(1));
        _graph.With("Conv", "seen", ["one", _graph.Weight("stem", Hidden, 1, 2)], NodeAttribute.Ints("strides", 2));
        _graph.With("Transpose", "frames", ["seen"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("Relu", "active", "frames");
        _graph.Add("MatMul", "y", "active", _graph.Weight("head", Hidden, 7));
        _graph.Output("y", "b", "f", 7);

        Protect();
    }

    // A conformer's layer: rows, a product added to them, and a convolution of the sum.
    [Fact]
    public void Protect_OfFeaturesThatAConvolutionReadsAfterALayer_TakesThemForFeatures()
    {
        _graph.Input("features", "b", "t", Hidden);
        _graph.With("LayerNormalization", "even",
            ["features", _graph.Weight("scale", Hidden), _graph.Weight("shift", Hidden)]);
        _graph.Add("MatMul", "up", "even", _graph.Weight("first", Hidden, 2 * Hidden));
        _graph.Add("Relu", "active", "up");
        _graph.Add("MatMul", "down", "active", _graph.Weight("second", 2 * Hidden, Hidden));
        _graph.Add("Add", "states", "features", "down");
        _graph.With("Transpose", "columns", ["states"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.With(
            "Conv", "near", ["columns", _graph.Weight("kernel", 7, Hidden, 3)], NodeAttribute.Ints("pads", 1, 1));
        _graph.With("Transpose", "y", ["near"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Output("y", "b", "t", 7);

        Protect();
    }

    // A detector that is asked by words: the logit of a text for each patch says how two rows agree.
    [Fact]
    public void Protect_OfLogitsOfTextsForPatches_LeavesThemInPlace()
    {
        _graph.Input("pixel_values", "b", 3, 16, 16);
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "b", "q");
        _graph.With("Conv", "seen", ["pixel_values", _graph.Weight("stem", Hidden, 3, 4, 4)],
            NodeAttribute.Ints("strides", 4, 4), NodeAttribute.Ints("kernel_shape", 4, 4));
        _graph.Add("Reshape", "flat", "seen", _graph.Numbers(0, Hidden, 16));
        _graph.With("Transpose", "patches", ["flat"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("Add", "placed", "patches", _graph.Weight("places", 16, Hidden));
        _graph.Add("MatMul", "pictured", "placed", _graph.Weight("pictured_weight", Hidden, Hidden));
        _graph.Add("Gather", "words", _graph.Weight("tokens", 11, Hidden), "input_ids");
        _graph.Add("MatMul", "texts", "words", _graph.Weight("texts_weight", Hidden, Hidden));
        _graph.With("Transpose", "columns", ["texts"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("MatMul", "scores", "pictured", "columns");
        _graph.Add("Add", "logits", "scores", _graph.Add(
            "MatMul", "shift", "placed", _graph.Weight("shift_weight", Hidden, 1)));
        _graph.Output("logits", "b", 16, "q");

        Protect();
    }

    // A detector that is asked by a text: scores of its tokens are filled up, and look alike behind a short one.
    [Fact]
    public void Protect_OfScoresThatAreFilledUpToALength_KeepsWhatIsFilledInPlace()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "b", "s");
        _graph.Add("Gather", "words", _graph.Weight("tokens", 11, Hidden), "input_ids");
        _graph.Add("MatMul", "rows", "words", _graph.Weight("rows_weight", Hidden, Hidden));
        _graph.With("Transpose", "columns", ["rows"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("MatMul", "asked", _graph.Weight("queries", 5, Hidden), _graph.Weight("asking", Hidden, Hidden));
        _graph.Add("MatMul", "scores", "asked", "columns");
        _graph.Add("Shape", "sizes", "scores");
        _graph.Add("Sub", "missing", _graph.Numbers(0, 10, 20), _graph.Add(
            "Mul", "taken", "sizes", _graph.Numbers(-1, 1, 1)));
        _graph.Add("ConstantOfShape", "filling", "missing");
        _graph.With("Concat", "logits", ["scores", "filling"], NodeAttribute.Int("axis", 2));
        _graph.Output("logits", "b", 5, 20);

        Protect();
    }

    // A head of some words that is filled up to a vocabulary: those are the same numbers at every length.
    [Fact]
    public void Protect_OfAHeadThatIsFilledUpToAVocabulary_MovesIt()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "b", "s");
        _graph.Add("Gather", "words", _graph.Weight("tokens", 11, Hidden), "input_ids");
        _graph.Add("MatMul", "rows", "words", _graph.Weight("rows_weight", Hidden, Hidden));
        _graph.Add("MatMul", "scores", "rows", _graph.Weight("head", Hidden, 9));
        _graph.Add("Add", "missing", _graph.Add("Shape", "sizes", "rows"), _graph.Numbers(0, 0, 21 - Hidden));
        _graph.Add("ConstantOfShape", "filling", "missing");
        _graph.With("Concat", "logits", ["scores", "filling"], NodeAttribute.Int("axis", 2));
        _graph.Output("logits", "b", "s", 30);

        Protect();
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private PackageManifest Protect()
    {
        _graph.Save().Dispose();
        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("places"), new SeededRandom(3));
        Assert.True(made.Verification!.Passed);
        return System.Text.Json.JsonSerializer.Deserialize<PackageManifest>(
            File.ReadAllText(_folder.At("package/cloud/stip.json")), Stip.Protocol.StipJson.File)!;
    }

    private static string Ports(GraphManifest graph) =>
        string.Join(' ', (graph.Ports ?? new Dictionary<string, string>()).Select(port => $"{port.Key}={port.Value}"));
}
