using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

/// <summary>Numbers that are equal by chance are ranked by their places: the package differs, and is made once more
/// with what depends on it held.</summary>
public sealed class SecondTryTests : IDisposable
{
    private const StringComparison Ordinal = StringComparison.Ordinal;
    private const int Hidden = 16;
    private const int Vocabulary = 40;
    private const int Options = 8;
    private readonly List<long> _bytes = [];
    private readonly List<double> _shares = [];
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Protect_OfAChoiceAmongEquals_HoldsItAndSaysSo()
    {
        Build();
        Choose();
        Finish();

        var made = Protect();

        Assert.True(made.Verification!.Passed, made.Verification.Worst);
        var warning = Assert.Single(
            made.Warnings, line => line.Contains("touches stays in place", Ordinal));
        Assert.StartsWith("all that node 'chosen/node' (GatherElements) of ", warning, Ordinal);
        Assert.Equal(
            ["client", "cloud", "owner"],
            Directory.GetDirectories(_folder.At("package")).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        // Both tries count once: the second begins anew.
        Assert.Contains(_bytes.Zip(_bytes.Skip(1)), pair => pair.Second < pair.First);
        Assert.Equal(_bytes.Max(), _bytes[^1]);
        Assert.True(_bytes.Count(bytes => bytes == _bytes.Max()) > 1);
        Assert.Equal(1, _shares[^1], 1e-9);
    }

    // The hidden state itself is chosen from: with it held there would be nothing hidden.
    [Fact]
    public void Protect_OfAChoiceAmongAllFeatures_IsRefusedWithBothReasons()
    {
        Build();
        _graph.Add("Relu", "levels", "rows");
        _graph.Graph.Append("", "TopK", "top", ["levels", _graph.Numbers(12)], ["best", "places"], []);
        _graph.With("GatherElements", "chosen", ["rows", "places"], NodeAttribute.Int("axis", -1));
        _graph.With("ReduceSum", "sum", ["chosen", _graph.Numbers(-1)], NodeAttribute.Int("keepdims", 1));
        _graph.Add("Mul", "mixed", "states", "sum");
        Finish();

        var refusal = Assert.Throws<RefusedException>(Protect);

        Assert.Contains("'chosen/node' (GatherElements) is the first that is off", refusal.Message, Ordinal);
        Assert.Contains("touches held still, the hidden state would stay in place", refusal.Message, Ordinal);
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private void Build()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("table", Vocabulary, Hidden), "input_ids");
        _graph.Add("MatMul", "up", "rows", _graph.Weight("w1", Hidden, 2 * Hidden));
        _graph.Add("Relu", "active", "up");
        _graph.Add("MatMul", "states", "active", _graph.Weight("w2", 2 * Hidden, Hidden));
    }

    // Half of the scores are 0, and of those the first ones are taken.
    private void Choose()
    {
        _graph.Add("MatMul", "scores", "states", _graph.Weight("router", Hidden, Options));
        _graph.Add("Relu", "levels", "scores");
        _graph.Add("MatMul", "offers", "states", _graph.Weight("experts", Hidden, Options));
        _graph.Graph.Append("", "TopK", "top", ["levels", _graph.Numbers(6)], ["best", "places"], []);
        _graph.With("GatherElements", "chosen", ["offers", "places"], NodeAttribute.Int("axis", -1));
        _graph.Add("Mul", "shares", "chosen", "best");
        _graph.Add("Sin", "turned", "chosen");
        _graph.Add("Add", "both", "shares", "turned");
        _graph.With("ReduceSum", "sum", ["both", _graph.Numbers(-1)], NodeAttribute.Int("keepdims", 1));
        _graph.Add("Mul", "mixed", "states", "sum");
    }

    private void Finish()
    {
        _graph.Add("MatMul", "logits", "mixed", _graph.Weight("head", Hidden, Vocabulary));
        _graph.Graph.AddOutput("logits", TensorDtype.Float32, "batch", "seq", Vocabulary);
    }

    private ProtectionResult Protect()
    {
        _graph.Save().Dispose();
        return PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3), _bytes.Add,
            verified: _shares.Add);
    }
}
