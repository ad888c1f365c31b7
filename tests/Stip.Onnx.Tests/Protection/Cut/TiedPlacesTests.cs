using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Of equal numbers the first is ranked first: where equals are likely, words keep their places.</summary>
public sealed class TiedPlacesTests : IDisposable
{
    private const int Hidden = 8;
    private const int Vocabulary = 400;
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("Clip", "ArgMax")]
    [InlineData("Relu", "TopK")]
    [InlineData("Where", "TopK")]
    public void Protect_OfPlacesAmongNumbersThatAreOftenEqual_HoldsThemAndSaysSo(string equals, string ranks)
    {
        Build();
        _graph.Add(
            equals,
            "limited",
            equals switch
            {
                "Clip" => ["words", _graph.Number(-0.01f), _graph.Number(0.01f)],
                "Where" => [Larger(), "words", _graph.Number(float.NegativeInfinity)],
                _ => ["words"],
            });
        Rank(ranks, _graph.Add("Sigmoid", "shares", "limited"));

        var made = Protect();

        Assert.True(made.Verification!.Passed);
        Assert.False(made.Verification.HasLogits);
        Assert.Contains("in the clear between client and server: output 'best'", made.Warnings);
    }

    [Fact]
    public void Protect_OfTheFirstOfAFilteredRow_MovesIt()
    {
        Build();
        _graph.Add("Where", "limited", Larger(), "words", _graph.Number(float.NegativeInfinity));
        Rank("ArgMax", "limited");

        var made = Protect();

        Assert.True(made.Verification!.Passed);
        Assert.DoesNotContain(made.Warnings, warning => warning.Contains("output 'best'", StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private string Larger() => _graph.Add("Greater", "kept", "words", _graph.Number(0));

    private void Build()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("table", Vocabulary, Hidden), "input_ids");
        _graph.Add("MatMul", "up", "rows", _graph.Weight("w1", Hidden, 2 * Hidden));
        _graph.Add("Relu", "active", "up");
        _graph.Add("MatMul", "down", "active", _graph.Weight("w2", 2 * Hidden, Hidden));
        _graph.Add("MatMul", "words", "down", _graph.Weight("head", Hidden, Vocabulary));
    }

    private void Rank(string ranks, string numbers)
    {
        if (ranks == "TopK")
        {
            _graph.Graph.Append("", "TopK", "top", [numbers, _graph.Numbers(3)], ["values", "best"], []);
            _graph.Graph.AddOutput("best", TensorDtype.Int64, "batch", "seq", 3);
        }
        else
        {
            _graph.With(ranks, "best", [numbers], NodeAttribute.Int("axis", -1), NodeAttribute.Int("keepdims", 0));
            _graph.Graph.AddOutput("best", TensorDtype.Int64, "batch", "seq");
        }
    }

    private ProtectionResult Protect()
    {
        _graph.Save().Dispose();
        return PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));
    }
}
