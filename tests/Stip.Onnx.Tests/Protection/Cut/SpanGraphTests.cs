using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Graphs that compare rows of a text with one another: spans with labels, words with words.</summary>
public sealed class SpanGraphTests : IDisposable
{
    private const int Hidden = 8;
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Protect_OfScoresBetweenRowsThatTheCallerNames_IsExact()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("tokens", 11, Hidden), "input_ids");
        _graph.Add("MatMul", "hidden", "rows", _graph.Weight("w", Hidden, Hidden));
        foreach (var name in new[] { "span", "label" })
        {
            _graph.Graph.AddInput($"{name}_idx", TensorDtype.Int64, "batch", $"num_{name}s");
            _graph.Add("Unsqueeze", $"{name}_column", $"{name}_idx", _graph.Numbers(2));
            _graph.Add("Expand", $"{name}_cells", $"{name}_column", _graph.Numbers(1, 1, Hidden));
            _graph.With(
                "GatherElements", $"{name}_rows", ["hidden", $"{name}_cells"], NodeAttribute.Int("axis", 1));
            _graph.Add("MatMul", $"{name}_made", $"{name}_rows", _graph.Weight($"w_{name}", Hidden, Hidden));
        }

        _graph.With("Transpose", "turned", ["label_made"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("MatMul", "logits", "span_made", "turned");
        _graph.Output("logits", "batch", "num_spans", "num_labels");
        _graph.Save().Dispose();

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }
}
