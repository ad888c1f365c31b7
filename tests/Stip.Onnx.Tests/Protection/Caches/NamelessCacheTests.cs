using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Caches;

/// <summary>States whose names say nothing are tied by what the graph does with them.</summary>
public sealed class NamelessCacheTests
{
    private const int Hidden = 12;

    [Fact]
    public void Protect_OfCachesWithoutNames_KeepsEachInOneLayout()
    {
        using var graph = new SmallGraph();
        using var folder = new TemporaryFolder();
        graph.Graph.AddInput("input_ids", TensorDtype.Int64, "s0", "s1");
        graph.Add("Gather", "rows", graph.Weight("tokens", 11, Hidden), "input_ids");
        var query = Heads(graph, "query");
        var key = Cached(graph, "key", "v3", "v7");
        var value = Cached(graph, "value", "v4", "v8");
        graph.With("Transpose", "columns", [key], NodeAttribute.Ints("perm", 0, 1, 3, 2));
        graph.Add("MatMul", "scores", query, "columns");
        graph.With("Softmax", "weights", ["scores"], NodeAttribute.Int("axis", -1));
        graph.Add("MatMul", "taken", "weights", value);
        graph.With("Transpose", "together", ["taken"], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        graph.Add("Reshape", "attended", "together", graph.Numbers(0, 0, Hidden));
        graph.Add("MatMul", "logits", "attended", graph.Weight("head", Hidden, 11));
        graph.Output("logits", "s0", "s1", 11);
        graph.Save().Dispose();

        PackageProtector.Protect(
            graph.FilePath, folder.At("package"), new ProtectionOptions("nameless"), new SeededRandom(3));

        using var package = ProtectedModel.Open(folder.At("package"));
        Assert.Equal(package.Plan.Inputs["v3"].Permutation, package.Plan.Outputs["v7"].Permutation);
        Assert.Equal(package.Plan.Inputs["v4"].Permutation, package.Plan.Outputs["v8"].Permutation);
    }

    private static string Cached(SmallGraph graph, string name, string past, string present)
    {
        graph.Input(past, "s0", 3, "s2", Hidden / 3);
        graph.Output(present, "s0", 3, "s3", Hidden / 3);
        return graph.With("Concat", present, [past, Heads(graph, name)], NodeAttribute.Int("axis", 2));
    }

    private static string Heads(SmallGraph graph, string name)
    {
        graph.Add("MatMul", name, "rows", graph.Weight($"{name}_weight", Hidden, Hidden));
        graph.Add("Reshape", $"{name}_heads", name, graph.Numbers(0, 0, 3, Hidden / 3));
        return graph.With("Transpose", $"{name}_turned", [$"{name}_heads"], NodeAttribute.Ints("perm", 0, 2, 1, 3));
    }
}
