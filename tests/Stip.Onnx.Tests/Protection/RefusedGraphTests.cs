using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

/// <summary>Graphs in which nothing could be hidden are refused, and the node that is in the way is named.</summary>
public sealed class RefusedGraphTests : IDisposable
{
    private const int Hidden = 8;
    private const int Vocabulary = 20;
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Protect_OfFeaturesThatAreSummedInOrder_NamesTheNode()
    {
        Begin();
        _graph.With("CumSum", "mixed", ["rows", _graph.Integer(2)]);
        Finish();

        AssertRefused("node 'mixed/node' (CumSum) tells them apart");
    }

    // As FNet does, with a matrix of cosines that is computed of places.
    [Fact]
    public void Protect_OfFeaturesThatAMatrixOfPlacesMixes_NamesTheNode()
    {
        Begin();
        _graph.Add("Range", "places", _graph.Number(0), _graph.Number(Hidden), _graph.Number(1));
        _graph.Add("Mul", "products", _graph.Add("Unsqueeze", "column", "places", _graph.Numbers(1)), "places");
        _graph.Add("Mul", "angles", "products", _graph.Number(2 * MathF.PI / Hidden));
        _graph.Add("MatMul", "mixed", "rows", _graph.Add("Cos", "cosines", "angles"));
        Finish();

        AssertRefused("node 'mixed/node' (MatMul) tells them apart");
    }

    [Fact]
    public void Protect_OfAnOperatorWithoutRuleOnTheFeatures_NamesNodeAndOperator()
    {
        Begin();
        _graph.With(
            "DFT", "turned", [_graph.Add("Unsqueeze", "pairs", "rows", _graph.Numbers(-1))],
            NodeAttribute.Int("axis", 2));
        _graph.With("Gather", "mixed", ["turned", _graph.Integer(0)], NodeAttribute.Int("axis", 3));
        Finish();

        AssertRefused("node 'turned/node' (DFT) tells them apart: DFT has no rule");
    }

    [Fact]
    public void Protect_OfTheLargestLogitsAlone_SaysThatAllAreWanted()
    {
        Begin();
        _graph.Add("Relu", "mixed", "rows");
        Finish();
        _graph.Graph.Append(
            "", "TopK", "top", ["logits", _graph.Numbers(3)], ["values", "places"], [NodeAttribute.Int("axis", -1)]);
        _graph.Graph.Graph.Output.Clear();
        _graph.Output("values", "batch", "seq", 3);
        _graph.Graph.AddOutput("places", TensorDtype.Int64, "batch", "seq", 3);
        _graph.Save().Dispose();

        var refusal = Assert.Throws<RefusedException>(() => PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions()));

        Assert.Equal(
            "the logits would stay in place: only 0 of 3 features of 'values' can move (they are the largest ones in "
            + "order, which operator TopK, node 'top', chooses: the graph must give them all)",
            refusal.Message);
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private void Begin()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("table", Vocabulary, Hidden), "input_ids");
    }

    // A block of which every axis could move.
    private void Finish()
    {
        _graph.Add("MatMul", "up", "mixed", _graph.Weight("w1", Hidden, 2 * Hidden));
        _graph.Add("Relu", "active", "up");
        _graph.Add("MatMul", "down", "active", _graph.Weight("w2", 2 * Hidden, Hidden));
        _graph.Add("Add", "states", "down", "mixed");
        _graph.Add("MatMul", "logits", "states", _graph.Weight("head", Hidden, Vocabulary));
        _graph.Output("logits", "batch", "seq", Vocabulary);
    }

    private void AssertRefused(string reason)
    {
        _graph.Opset = 17; // the last in which DFT has its axis as an attribute
        _graph.Save().Dispose();

        var refusal = Assert.Throws<RefusedException>(() => PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions()));

        Assert.Equal(
            $"the hidden state would stay in place: only 0 of {Hidden} features of 'inputs_embeds' can move ({reason})",
            refusal.Message);
        Assert.False(Directory.Exists(_folder.At("package")));
    }
}
