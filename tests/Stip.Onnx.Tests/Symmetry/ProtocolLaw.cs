using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>Draws keys for a graph, protects it, runs both with ONNX Runtime and compares: F'(xπ) π'ᵀ = F(x).</summary>
internal static class ProtocolLaw
{
    private const float Tolerance = 2e-5f;

    /// <param name="graph">The graph.</param>
    /// <param name="integers">Values of integer inputs, which move nothing.</param>
    /// <param name="sizes">Lengths of axes that the graph leaves free, by input and axis; 3 unless told.</param>
    /// <returns>The first plan.</returns>
    public static ProtectionPlan AssertHolds(
        SmallGraph graph,
        IReadOnlyDictionary<string, HostTensor>? integers = null,
        IReadOnlyDictionary<(string Name, int Axis), long>? sizes = null)
    {
        using var file = graph.Save();
        var analysis = SymmetryAnalysis.Of(file);
        Assert.Empty(analysis.Graph.Unruled);
        TwoForms.AssertAgree(file);
        ProtectionPlan[] plans = [.. Enumerable.Range(0, 3).Select(seed => ProtectionPlan.From(
            analysis.Graph, analysis.Draw(new SeededRandom(seed)).Targets))];
        Assert.All(plans, plan => AssertHolds(
            graph.FilePath, file, plan, integers ?? new Dictionary<string, HostTensor>(), sizes));
        return plans[0];
    }

    private static void AssertHolds(
        string path,
        ModelFile file,
        ProtectionPlan plan,
        IReadOnlyDictionary<string, HostTensor> integers,
        IReadOnlyDictionary<(string Name, int Axis), long>? sizes)
    {
        using var folder = new TemporaryFolder();
        ProtectedGraphWriter.Write(file, plan, folder.At("model.onnx"));
        using var plain = new GraphRunner(path);
        using var moved = new GraphRunner(folder.At("model.onnx"));
        var random = new Random(11);
        var inputs = plain.Inputs.ToDictionary(
            port => port.Name, port => integers.GetValueOrDefault(port.Name) ?? RandomTensor(port, sizes, random));
        var movedInputs = inputs.ToDictionary(
            input => input.Key,
            input => plan.Inputs.TryGetValue(input.Key, out var port) ? port.Protect(input.Value) : input.Value);
        var expected = plain.Run(inputs);
        var actual = moved.Run(movedInputs);
        foreach (var (name, tensor) in expected)
        {
            var restored = plan.Outputs[name].Restore(actual[name]).ToFloats();
            Assert.All(tensor.ToFloats().Zip(restored), pair => Assert.Equal(pair.First, pair.Second, Tolerance));
        }
    }

    private static HostTensor RandomTensor(
        GraphPort port, IReadOnlyDictionary<(string Name, int Axis), long>? sizes, Random random)
    {
        Assert.Equal(TensorDtype.Float32, port.Dtype);
        long[] shape = [.. port.Shape.Select((length, axis) => length > 0 ? length : Free(axis))];
        var values = new float[shape.Aggregate(1L, (product, length) => product * length)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = random.NextSingle() - 0.5f;
        }

        return HostTensor.FromFloats(values, shape);

        long Free(int axis) => sizes is not null && sizes.TryGetValue((port.Name, axis), out var length) ? length : 3;
    }
}
