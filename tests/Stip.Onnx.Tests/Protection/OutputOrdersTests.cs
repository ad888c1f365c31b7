using System.Runtime.InteropServices;
using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

/// <summary>What the client's <c>output.safetensors</c> says is enough to read what the server gives.</summary>
public sealed class OutputOrdersTests : IDisposable
{
    private const int Labels = 7;
    private const int Queries = 5;
    private const int Hidden = 6;

    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(1)] // pooled: as ResNet gives it
    [InlineData(4)] // a map of fixed sides: as SAM gives it
    public void Order_OfAMapOfFixedSides_IsThatOfItsChannels(int side)
    {
        _graph.Input("pixel_values", "batch", 3, 8, 8);
        _graph.With(
            "Conv", "patches", ["pixel_values", _graph.Weight("w", Hidden, 3, 2, 2)],
            NodeAttribute.Ints("strides", 2, 2));
        _graph.Add("Relu", "active", "patches");
        var map = side == 1 ? _graph.Add("GlobalAveragePool", "pooled", "active") : "active";
        _graph.Add("Conv", "y", map, _graph.Weight("head", Labels, Hidden, 1, 1));
        _graph.Output("y", "batch", Labels, side, side);

        var (order, shape, axes) = Protect();

        Assert.Equal([Labels], shape);
        Assert.Equal("1", axes);
        Assert.NotEqual(Enumerable.Range(0, Labels), order);
        var pixels = new Dictionary<string, HostTensor> { ["pixel_values"] = Random(2, 3, 8, 8) };
        var plain = WholeModel.Run(_graph.FilePath, pixels)[0].Tensor.ToFloats();
        var given = ServersAnswer(pixels);
        AssertSame(plain, [.. Enumerable.Range(0, plain.Length).Select(i =>
        {
            var label = i / (side * side) % Labels;
            return given[i + ((order[label] - label) * side * side)];
        })]);
    }

    [Fact]
    public void Order_OfQueriesAndTheirLabels_IsAPlaceAmongAll()
    {
        BuildQueries();

        var (order, shape, axes) = Protect();

        Assert.Equal([Queries, Labels], shape);
        Assert.Equal("1,2", axes);
        var ids = new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([3L, 0L, 9L, 3L], 1, 4),
        };
        var given = ServersAnswer(ids);
        AssertSame(WholeModel.Run(_graph.FilePath, ids)[0].Tensor.ToFloats(), [.. order.Select(place => given[place])]);
    }

    // As packages were written before such orders were: they passed, and nothing else of them is unlike others.
    [Fact]
    public void Verify_OfAPackageWithoutAnOrderOfSeveralAxes_PassesAndWarns()
    {
        BuildQueries();
        Protect();
        var path = Path.Combine(_folder.At("package/client"), BundleManifest.OutputFileName);
        using (var stream = new FileStream(path, FileMode.Create))
        {
            SafetensorsWriter.Write(stream, []);
        }

        var report = PackageVerifier.Verify(_graph.FilePath, _folder.At("package"), samples: 1);

        Assert.True(report.Passed);
        Assert.StartsWith("'output_permutation.y' is missing in output.safetensors", report.Warning);
    }

    // The rank is the graph's own where nothing declares it: a client would take any other axis for an order that it
    // cannot undo. Keys keep it, so that verify knows as much.
    [Theory]
    [InlineData(false, null)]
    [InlineData(true, "1")]
    public void Order_OfAnOutputWithoutADeclaredShape_IsThatOfItsAxis(bool isTurned, string? expected)
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("MatMul", "rows", "x", _graph.Weight("w", 6, Labels));
        var y = isTurned ? _graph.With("Transpose", "y", ["rows"], NodeAttribute.Ints("perm", 0, 2, 1)) : "rows";
        _graph.Output(y, "batch", "seq", Labels);
        _graph.Graph.Graph.Output[^1].Type.TensorType.Shape = null;

        var (_, shape, axes) = Protect();

        Assert.Equal([Labels], shape);
        Assert.Equal(expected, axes);
        Assert.True(PackageVerifier.Verify(_graph.FilePath, _folder.At("package"), samples: 1).Passed);
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private void BuildQueries()
    {
        // Rows and labels move apart: no vector along one axis says where a number went.
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("table", 11, Hidden), "input_ids");
        _graph.Add("MatMul", "keys", "rows", _graph.Weight("w_keys", Hidden, Hidden));
        _graph.With("Transpose", "columns", ["keys"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("MatMul", "scores", _graph.Weight("queries", Queries, Hidden), "columns");
        _graph.With("Softmax", "weights", ["scores"], NodeAttribute.Int("axis", -1));
        _graph.Add("MatMul", "seen", "weights", "rows");
        _graph.Add("MatMul", "y", "seen", _graph.Weight("head", Hidden, Labels));
        _graph.Output("y", "batch", Queries, Labels);
    }

    private static HostTensor Random(params long[] shape)
    {
        var random = new Random(7);
        var count = (int)shape.Aggregate(1L, (product, length) => product * length);
        return HostTensor.FromFloats([.. Enumerable.Range(0, count).Select(_ => random.NextSingle())], shape);
    }

    // The same sums in another order.
    private static void AssertSame(float[] plain, float[] restored) => Assert.All(
        plain.Zip(restored), pair => Assert.Equal(pair.First, pair.Second, 2e-5f));

    private (int[] Order, IReadOnlyList<long> Shape, string? Axes) Protect()
    {
        _graph.Save().Dispose();
        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("toy"), new SeededRandom(3));
        Assert.True(made.Verification!.Passed);
        using var file = SafetensorsFile.Open(
            Path.Combine(_folder.At("package/client"), BundleManifest.OutputFileName));
        var (name, entry) = Assert.Single(file.Header.Entries);
        return (MemoryMarshal.Cast<byte, int>(file.Bytes(name)).ToArray(), entry.Shape,
            file.Header.Metadata.GetValueOrDefault(name));
    }

    // As it comes over the wire, in the server's order.
    private float[] ServersAnswer(Dictionary<string, HostTensor> inputs)
    {
        using var package = ProtectedModel.Open(_folder.At("package"));
        using var server = new GraphRunner(package.GraphPath);
        if (package.ClientGraphOf(package.MainRole) is { } graph)
        {
            using var client = new GraphRunner(graph);
            return server.Run(client.Run(inputs)).Values.Single().ToFloats();
        }

        var port = Assert.Single(server.Inputs).Name;
        var rows = package.Tables!.Embed(inputs["input_ids"].ToIntegers(), 0);
        return server.Run(new Dictionary<string, HostTensor>
        {
            [port] = HostTensor.FromFloats(rows, 1, rows.Length / Hidden, Hidden),
        }).Values.Single().ToFloats();
    }
}
