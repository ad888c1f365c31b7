using Stip.Keys.Permutations;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Rules;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>Draws keys for a graph, protects it, runs both on ONNX Runtime and compares: F'(xπ) π'ᵀ = F(x). The
/// keys give the file's bytes back, packed ones too.</summary>
internal static class ProtocolLaw
{
    private const float Tolerance = 2e-5f;

    // Far above rounding and far below what a feature in the wrong place does.
    private const float Broken = 1e-3f;
    private const int Ids = 3;

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

    /// <summary>Protects a protected graph again: what comes out is the plain graph under both keys, one after the
    /// other.</summary>
    public static void AssertComposes(SmallGraph graph)
    {
        using var plain = graph.Save();
        using var folder = new TemporaryFolder();
        var (first, once) = Protect(plain, 1, folder.At("once.onnx"));
        using (once)
        {
            var (second, twice) = Protect(once, 2, folder.At("twice.onnx"));
            using (twice)
            {
                foreach (var tensor in plain.Tensors)
                {
                    var (outer, moved) = (second.Of(tensor), twice.Tensors.Single(t => t.Name == tensor.Name));
                    var source = once.Tensors.Single(t => t.Name == outer.Source);
                    var inner = first.Of(source);
                    var original = plain.Tensors.Single(t => t.Name == inner.Source);
                    using var bytes = new MemoryStream();
                    PermutedCopy.Write(original, [.. inner.Axes.Zip(outer.Axes, Composed)], bytes);
                    Assert.Equal(bytes.ToArray(), moved.Bytes().ToArray());
                }
            }
        }
    }

    private static (ProtectionPlan Plan, ModelFile File) Protect(ModelFile file, int seed, string path)
    {
        var analysis = SymmetryAnalysis.Of(file);
        var plan = ProtectionPlan.From(analysis.Graph, analysis.Draw(new SeededRandom(seed)).Targets);
        ProtectedGraphWriter.Write(file, plan, path);
        return (plan, ModelFile.Load(path));
    }

    private static Permutation? Composed(Permutation? first, Permutation? second) =>
        first is null ? second : second is null ? first : first.Then(second);

    /// <summary>True where keys drawn under these rules are refused or give other outputs.</summary>
    /// <param name="file">The graph that keys are drawn for.</param>
    /// <param name="rules">Rules by operator.</param>
    /// <param name="run">A graph with the same weights that they are tried on; null for the same.</param>
    public static bool IsBroken(ModelFile file, Func<string, IOperatorRule?> rules, ModelFile? run = null)
    {
        run ??= file;
        try
        {
            var analysis = SymmetryAnalysis.Of(file, rules);
            var plans = Enumerable.Range(0, 3).Select(seed => ProtectionPlan.From(
                analysis.Graph, analysis.Draw(new SeededRandom(seed)).Targets));
            return plans.Any(plan => Differences(
                run.FilePath, run, plan, new Dictionary<string, HostTensor>(), null).Any(pair =>
                    Math.Abs(pair.Plain - pair.Restored) > Broken));
        }
        catch (RefusedException)
        {
            return true;
        }
    }

    private static void AssertHolds(
        string path,
        ModelFile file,
        ProtectionPlan plan,
        IReadOnlyDictionary<string, HostTensor> integers,
        IReadOnlyDictionary<(string Name, int Axis), long>? sizes)
    {
        Assert.All(Differences(path, file, plan, integers, sizes), pair =>
            Assert.Equal(pair.Plain, pair.Restored, Tolerance));
        using var folder = new TemporaryFolder();
        ProtectedGraphWriter.Write(file, plan, folder.At("model.onnx"));
        AssertBytesComeBack(file, folder.At("model.onnx"), plan);
    }

    /// <summary>The keys give the plain file's bytes of those that moved.</summary>
    /// <param name="plain">The plain graph.</param>
    /// <param name="path">The protected one.</param>
    /// <param name="plan">What moved where.</param>
    public static void AssertBytesComeBack(ModelFile plain, string path, ProtectionPlan plan)
    {
        using var moved = ModelFile.Load(path);
        foreach (var tensor in moved.Tensors)
        {
            var step = plan.Of(tensor);
            using var bytes = new MemoryStream();
            PermutedCopy.Write(
                tensor, step with { Axes = Array.ConvertAll(step.Axes, axis => axis?.Inverse()) }, bytes);
            var expected = plain.Tensors.Single(source => source.Name == step.Source).Bytes().ToArray();
            Assert.True(bytes.ToArray().AsSpan().SequenceEqual(expected), $"'{tensor.Name}' does not come back");
        }
    }

    private static List<(float Plain, float Restored)> Differences(
        string path,
        ModelFile file,
        ProtectionPlan plan,
        IReadOnlyDictionary<string, HostTensor> integers,
        IReadOnlyDictionary<(string Name, int Axis), long>? sizes)
    {
        using var folder = new TemporaryFolder();
        ProtectedGraphWriter.Write(file, plan, folder.At("model.onnx"));
        using var plain = new GraphRunner(path, threads: 1);
        using var moved = new GraphRunner(folder.At("model.onnx"), threads: 1);
        var random = new Random(11);
        var inputs = plain.Inputs.ToDictionary(
            port => port.Name, port => integers.GetValueOrDefault(port.Name) ?? RandomTensor(port, sizes, random));
        var movedInputs = inputs.ToDictionary(
            input => input.Key,
            input => plan.Inputs.TryGetValue(input.Key, out var port) ? port.Protect(input.Value) : input.Value);
        var expected = plain.Run(inputs);
        var actual = moved.Run(movedInputs);
        return [.. expected.SelectMany(output => output.Value.ToFloats()
            .Zip(plan.Outputs[output.Key].Restore(actual[output.Key]).ToFloats()))];
    }

    private static HostTensor RandomTensor(
        GraphPort port, IReadOnlyDictionary<(string Name, int Axis), long>? sizes, Random random)
    {
        long[] shape = [.. port.Shape.Select((length, axis) => length > 0 ? length : Free(axis))];
        var values = new float[shape.Aggregate(1L, (product, length) => product * length)];
        if (!port.Dtype.IsWireFloat())
        {
            long[] ids = [.. values.Select(_ => (long)random.Next(Ids))];
            return HostTensor.FromIntegers(ids, shape).ConvertTo(port.Dtype);
        }

        for (var i = 0; i < values.Length; i++)
        {
            values[i] = random.NextSingle() - 0.5f;
        }

        return HostTensor.FromFloats(values, shape);

        long Free(int axis) => sizes is not null && sizes.TryGetValue((port.Name, axis), out var length) ? length : 3;
    }
}
