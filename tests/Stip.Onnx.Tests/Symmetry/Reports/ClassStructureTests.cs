using System.Security.Cryptography;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Reports;

namespace Stip.Onnx.Tests.Symmetry.Reports;

/// <summary>What a report says of the inside of a class: blocks, and maps beside permutations.</summary>
public sealed class ClassStructureTests : IDisposable
{
    private const int Heads = 3;
    private const int Channels = 4;

    private readonly SmallGraph _graph = new();

    // By the lattice of symmetry.md: what a feature enters decides.
    [Theory]
    [InlineData("Neg", "invertible")]
    [InlineData("Tanh", "signs")]
    [InlineData("Relu", "scales")]
    [InlineData("Gelu", "permutation")]
    [InlineData("Softmax", "permutation")]
    public void Features_ThatEnterAFunction_AdmitItsMaps(string function, string maps)
    {
        _graph.Finish(_graph.Add(function, "made", _graph.Hidden(10)), 10);

        Assert.Equal(maps, ClassOf("w_y", 0).Maps);
    }

    [Theory]
    [InlineData("SimplifiedLayerNormalization", false, "orthogonal")]
    [InlineData("LayerNormalization", false, "orthogonal, ones fixed")]
    [InlineData("SimplifiedLayerNormalization", true, "signs")]
    [InlineData("LayerNormalization", true, "permutation")]
    public void Stream_ThatIsNormalised_AdmitsOrthogonalMapsUnlessItsFactorStays(
        string norm, bool isAfterTheSum, string maps)
    {
        // The factor goes into the weights that follow, unless rows are summed after it.
        _graph.Input("ids", "batch", "seq", 5);
        _graph.Add("MatMul", "stream", "ids", _graph.Weight("w_in", 5, 8));
        _graph.Add(norm, "norm", "stream", _graph.Weight("factor", 8));
        _graph.Add("MatMul", "inner", "norm", _graph.Weight("w_up", 8, 8));
        _graph.Add("Add", "sum", isAfterTheSum ? "norm" : "stream", "inner");
        _graph.Finish("sum", 8);

        Assert.Equal(maps, ClassOf("w_in", 1).Maps);
    }

    [Fact]
    public void GatedUnit_WithALinearFactor_AdmitsAScaleOfThat()
    {
        _graph.Add("Sigmoid", "gate", _graph.Hidden(10, "g"));
        _graph.Finish(_graph.Add("Mul", "made", "gate", _graph.Hidden(10, "u")), 10);

        Assert.Equal("scale of the linear factor", ClassOf("w_y", 0).Maps);
    }

    // A picture that is written out, cell by cell.
    [Fact]
    public void Channels_OfAPictureThatBecomesRows_AdmitAllThatMatricesDo()
    {
        _graph.Input("pixels", "batch", 3, 8, 8);
        _graph.With("Conv", "map", ["pixels", _graph.Weight("w", 10, 3, 4, 4)], NodeAttribute.Ints("strides", 4, 4));
        _graph.Add("Reshape", "columns", "map", _graph.Numbers(0, 10, -1));
        _graph.With("Transpose", "rows", ["columns"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Finish("rows", 10);

        Assert.Equal("invertible", ClassOf("w_y", 0).Maps);
    }

    [Fact]
    public void Channels_OfHeads_StayInTheirBlock()
    {
        BuildAttention();

        var classes = Classes();
        SymmetryClass[] found = [Of(classes, "w_o", 0), Of(classes, "w_q", 1)];

        Assert.All(found, group =>
        {
            Assert.Equal(Heads * Channels, group.Size);
            Assert.Equal([Channels], group.Blocks);
            Assert.Equal("invertible", group.Maps);
        });
        Assert.Empty(found[0].Within);
    }

    // Blocks are a claim about every key, so keys are drawn and looked at; wider and shorter ones do not hold.
    [Fact]
    public void Keys_MoveBlocksAsWholes()
    {
        BuildAttention();
        using var file = _graph.Save();
        using var random = RandomNumberGenerator.Create();
        var analysis = SymmetryAnalysis.Of(file);
        var nodes = analysis.Graph.Parts[0].Weights.Single(weight => weight.Tensor.Name == "w_o").AxisOrNull(0)!;

        var drawn = Enumerable.Range(0, 20).Select(_ => analysis.Draw(random).Targets)
            .Select(targets => nodes.Select(node => Array.IndexOf(nodes, targets[node])).ToArray()).ToArray();

        Assert.All(drawn, targets => Assert.True(KeepsBlocks(targets, Channels)));
        // A single key may keep other blocks by chance (pairs: one of 27); twenty do not.
        Assert.Contains(drawn, targets => !KeepsBlocks(targets, 2));
        Assert.Contains(drawn, targets => !KeepsBlocks(targets, 6));
    }

    [Fact]
    public void SingleIndices_HaveNoBlocks()
    {
        _graph.Finish(_graph.Add("Relu", "made", _graph.Hidden(10)), 10);

        var group = ClassOf("w_y", 0);

        Assert.Empty(group.Blocks);
        Assert.Empty(group.Within);
    }

    public void Dispose() => _graph.Dispose();

    private static bool KeepsBlocks(int[] targets, int size) => targets.Select((target, i) => (target / size, i / size))
        .GroupBy(pair => pair.Item2, pair => pair.Item1).All(block => block.Distinct().Count() == 1);

    private void BuildAttention()
    {
        var (q, k, v) = (_graph.Hidden(Heads * Channels, "q"), _graph.Hidden(Heads * Channels, "k"),
            _graph.Hidden(Heads * Channels, "v"));
        _graph.Microsoft(
            "MultiHeadAttention", "mixed", [q, k, v], NodeAttribute.Int("num_heads", Heads));
        _graph.Add("MatMul", "out", "mixed", _graph.Weight("w_o", Heads * Channels, 6));
        _graph.Finish("out", 6);
    }

    private SymmetryClass ClassOf(string weight, int axis) => Of(Classes(), weight, axis);

    private IReadOnlyList<SymmetryClass> Classes()
    {
        using var file = _graph.Save();
        using var random = RandomNumberGenerator.Create();
        return SymmetryInspector.Report(SymmetryAnalysis.Of(file), random).Classes;
    }

    private static SymmetryClass Of(IReadOnlyList<SymmetryClass> classes, string weight, int axis) =>
        classes.Single(group => group.Members.Contains(new SymmetryMember(weight, axis, group.Size)));
}
