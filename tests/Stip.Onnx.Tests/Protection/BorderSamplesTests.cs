using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Tests.Symmetry;
using Stip.Onnx.Tests.Symmetry.Rules;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

/// <summary>Models that round activations while they run, and tokens with a number between two steps: it goes either
/// way with the order of a sum, and the answer with it.</summary>
public sealed class BorderSamplesTests : IDisposable
{
    private const int Hidden = 32;
    private const int Inner = 16;
    private const int Vocabulary = 100;
    private const int Draws = 6;
    private readonly TemporaryFolder _folder = new();

    // One in so many tokens lies on a border.
    [Theory]
    [InlineData(20)]
    [InlineData(Vocabulary)]
    public void Protect_OfTokensOnABorder_PassesWhateverTheKey(int every)
    {
        using var graph = Graph(every);

        for (var seed = 1; seed <= Draws; seed++)
        {
            var made = Protect(graph, seed, RuleRegistry.Find);

            Assert.True(made.Verification!.Passed, made.Verification.Worst);
            Assert.Equal(PackageVerifier.DefaultSamples, made.Verification.Samples);
        }
    }

    [Theory]
    [InlineData("Tanh")]
    [InlineData("QuantizeLinear")]
    public void Protect_OfTokensOnABorderByAWrongRule_Differs(string operation)
    {
        using var graph = Graph(every: 20);
        var wrong = new WrongRule(RuleRegistry.Find(operation)!, WrongRule.Mistake.MirrorsOutputs);

        for (var seed = 1; seed <= Draws; seed++)
        {
            var refusal = Assert.Throws<RefusedException>(
                () => Protect(graph, seed, name => name == operation ? wrong : RuleRegistry.Find(name)));

            Assert.StartsWith(
                "the protected model differs from the plain one", refusal.Message, StringComparison.Ordinal);
        }
    }

    // Where every token lies on one, nothing is told by any sample: none is let pass.
    [Fact]
    public void Protect_OfTokensThatAllLieOnABorder_SaysThatTooLittleWasCompared()
    {
        using var graph = Graph(every: 1);

        var refusal = Assert.Throws<RefusedException>(() => Protect(graph, seed: 1, RuleRegistry.Find));

        Assert.Contains(
            "of 4 samples change with the last bits of what the model rounds as it runs", refusal.Message,
            StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private ProtectionResult Protect(SmallGraph graph, int seed, Func<string, IOperatorRule?> rules) =>
        PackageProtector.Protect(
            graph.FilePath, Directory.CreateDirectory(_folder.At($"{Guid.NewGuid():N}")).FullName,
            new ProtectionOptions("borders"), new SeededRandom(seed), rules: rules);

    private static SmallGraph Graph(int every)
    {
        var random = new Random(3);
        float[] projection = [.. Enumerable.Range(0, Hidden * Inner).Select(_ => random.NextSingle() - 0.5f)];
        float[] table = [.. Enumerable.Range(0, Vocabulary).SelectMany(id => Row(random, projection, id % every == 0))];
        var graph = new SmallGraph();
        graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        graph.Add("Gather", "rows", Weight(graph, "table", table, Hidden), "input_ids");
        graph.Add("MatMul", "up", "rows", Weight(graph, "w1", projection, Inner));
        var zero = graph.Graph.AddWeight("zero", new Weight(TensorDtype.UInt8, [], stream => stream.WriteByte(128)));
        graph.Add("QuantizeLinear", "steps", "up", graph.Number(0.5f), zero);
        graph.Add("DequantizeLinear", "rounded", "steps", graph.Number(0.5f), zero);
        graph.Add("Tanh", "active", "rounded");
        graph.Add("MatMul", "states", "active", graph.Weight("w2", Inner, Hidden));
        graph.Add("MatMul", "logits", "states", graph.Weight("head", Hidden, Vocabulary));
        graph.Output("logits", "batch", "seq", Vocabulary);
        graph.Save().Dispose();
        return graph;
    }

    // Times the first column it is half a step, but for the last bits of the sum.
    private static float[] Row(Random random, float[] projection, bool isOnBorder)
    {
        float[] row = [.. Enumerable.Range(0, Hidden).Select(_ => random.NextSingle() - 0.5f)];
        if (isOnBorder)
        {
            var largest = Enumerable.Range(0, Hidden).MaxBy(at => Math.Abs(projection[at * Inner]));
            var others = Enumerable.Range(0, Hidden).Where(at => at != largest)
                .Sum(at => (double)row[at] * projection[at * Inner]);
            row[largest] = (float)((0.25 - others) / projection[largest * Inner]);
        }

        return row;
    }

    private static string Weight(SmallGraph graph, string name, float[] values, long width) => graph.Graph.AddWeight(
        name, Onnx.Model.Weight.FromFloats(TensorDtype.Float32, [values.Length / width, width], values));
}
