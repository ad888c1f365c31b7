using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

/// <summary>Caches of a fixed length, written at positions that the caller sends: their rows look like features, and
/// keep their places all the same, whichever of them one run writes.</summary>
public sealed class FixedCacheTests : IDisposable
{
    private const int Hidden = 8;
    private const int Length = 16;
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("ScatterND")]
    [InlineData("ScatterElements")]
    public void Protect_OfAFixedCache_IsExactWhereverItIsWritten(string operation)
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, 1, "seq");
        _graph.Graph.AddInput("cache_position", TensorDtype.Int64, "seq");
        _graph.Input("cache", 1, Length, Hidden);
        _graph.Add("Gather", "rows", _graph.Weight("tokens", 11, Hidden), "input_ids");
        _graph.Add("MatMul", "q", "rows", _graph.Weight("w_q", Hidden, Hidden));
        _graph.Add("MatMul", "k", "rows", _graph.Weight("w_k", Hidden, Hidden));
        var keys = Written(operation);
        _graph.With("Transpose", "turned", [keys], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("MatMul", "scores", "q", "turned");
        _graph.Add("MatMul", "mixed", _graph.Add("Softmax", "shares", "scores"), keys);
        _graph.Add("Add", "stream", "rows", "mixed");
        _graph.Add("MatMul", "logits", "stream", _graph.Weight("head", Hidden, 11));
        _graph.Output("logits", 1, "seq", 11);
        _graph.Output(keys, 1, Length, Hidden);
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

    private string Written(string operation)
    {
        if (operation == "ScatterElements")
        {
            _graph.Add("Reshape", "places", "cache_position", _graph.Numbers(1, -1, 1));
            _graph.Add("Expand", "cells", "places", _graph.Add("Shape", "shape", "k"));
            return _graph.With(operation, "cache_out", ["cache", "cells", "k"], NodeAttribute.Int("axis", 1));
        }

        _graph.With("Transpose", "cache_rows", ["cache"], NodeAttribute.Ints("perm", 1, 0, 2));
        _graph.With("Transpose", "k_rows", ["k"], NodeAttribute.Ints("perm", 1, 0, 2));
        _graph.Add("Unsqueeze", "places", "cache_position", _graph.Numbers(1));
        _graph.Add(operation, "written", "cache_rows", "places", "k_rows");
        return _graph.With("Transpose", "cache_out", ["written"], NodeAttribute.Ints("perm", 1, 0, 2));
    }
}
