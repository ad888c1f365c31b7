using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Blocks;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Blocks;

/// <summary>Products of which no more than a tile of the matrix is widened at a time.</summary>
public sealed class TiledProductsTests : IDisposable
{
    private const int Rows = 10;
    private const int Columns = 6;

    private readonly TemporaryFolder _folder = new();
    private readonly Random _random = new(3);

    [Theory]
    [InlineData(59, 2)] // nine rows and one
    [InlineData(18, 4)] // three rows each, and one
    [InlineData(1, 10)] // no row is split
    public void Write_OfALargeMatrix_GivesWhatTheWholeGives(long mostElements, int tiles)
    {
        using var file = Graph(TensorDtype.Float16);
        var input = new Dictionary<string, HostTensor>
        {
            ["x"] = HostTensor.FromFloats(Values(2 * Rows), 2, 1, Rows).ConvertTo(TensorDtype.Float16),
        };
        using var whole = new GraphRunner(file.Model, _folder.Path);
        var expected = whole.Run(input);

        TiledProducts.Write(file.Model, mostElements);

        Assert.Equal(2 * tiles, file.Graph.Node.Count(node => node.OpType == "MatMul"));
        Assert.All(file.Graph.Initializer.Where(tensor => tensor.Name.Contains("/rows_", StringComparison.Ordinal)),
            tile => Assert.InRange(tile.Dims[0] * tile.Dims[1], 1, Math.Max(mostElements, Columns)));
        using var tiled = new GraphRunner(file.Model, _folder.Path, memory: WeightMemory.Mapped);
        var results = tiled.Run(input);
        foreach (var name in expected.Keys)
        {
            // Sums in float32 in another order, rounded to float16: at most one step of it, 1/1024 of the value.
            Assert.All(expected[name].ToFloats().Zip(results[name].ToFloats()), pair =>
                Assert.Equal(pair.First, pair.Second, Math.Abs(pair.First / 1024) + 1e-6f));
        }
    }

    // Float32 is computed where it is mapped.
    [Theory]
    [InlineData("float32", 1)]
    [InlineData("float16", Rows * Columns)]
    public void Write_OfAMatrixThatIsNotWidenedOrSmall_LeavesIt(string dtype, long mostElements)
    {
        using var file = Graph(dtype == "float32" ? TensorDtype.Float32 : TensorDtype.Float16);
        var before = file.Model.Clone();

        TiledProducts.Write(file.Model, mostElements);

        Assert.Equal(before, file.Model);
    }

    public void Dispose() => _folder.Dispose();

    // Two products with one matrix.
    private ModelFile Graph(TensorDtype dtype)
    {
        var graph = new GraphBuilder("products");
        graph.AddInput("x", dtype, "batch", 1, Rows);
        graph.AddWeight("w", Weight.FromFloats(dtype, [Rows, Columns], Values(Rows * Columns)));
        graph.AddOutput(graph.Add("MatMul", "one", ["x", "w"]), dtype, "batch", 1, Columns);
        graph.AddOutput(
            graph.Add("MatMul", "other", [graph.Add("Neg", "turned", ["x"]), "w"]), dtype, "batch", 1, Columns);
        graph.Save(_folder.At("model.onnx"));
        return ModelFile.Load(_folder.At("model.onnx"));
    }

    private float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => _random.NextSingle() - 0.5f)];
}
