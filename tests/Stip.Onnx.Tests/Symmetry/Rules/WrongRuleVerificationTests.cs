using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry.Rules;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>What <c>protect</c> makes by a wrong rule does not pass the verification that ends it.</summary>
public sealed class WrongRuleVerificationTests : IDisposable
{
    // A mirrored order is its own mirror image under some of the keys.
    private const int MostDraws = 4;

    private const string Differs = "the protected model differs from the plain one";

    // No kernel of the CPU runs these, so that verification can run neither graph: FusedOperatorTests tries their keys
    // on the graphs that they stand for.
    private static readonly string[] NotRun = ["GatedBiasRule", "RelativeBiasRule", "SplitGeluRule"];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Rules { get; } =
        [.. RuleRegistry.All.Select(rule => rule.GetType().Name).Except(NotRun)];

    [Theory]
    [MemberData(nameof(Rules))]
    public void Protect_ByAWrongRule_FailsItsVerification(string name)
    {
        var outcomes = RuleSample.All.Values
            .Where(sample => RuleRegistry.Find(sample.Operation)!.GetType().Name == name)
            .SelectMany(sample => Enum.GetValues<WrongRule.Mistake>().SelectMany(mistake =>
                Enumerable.Range(1, MostDraws).Select(seed => (sample, mistake, seed))))
            .Select(attempt => Outcome(attempt.sample, attempt.mistake, attempt.seed));
        var seen = new List<string>();
        foreach (var outcome in outcomes)
        {
            seen.Add(outcome);
            if (outcome.StartsWith(Differs, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail(string.Join(Environment.NewLine, seen));
    }

    public void Dispose() => _folder.Dispose();

    private string Outcome(RuleSample sample, WrongRule.Mistake mistake, int seed)
    {
        using var graph = new SmallGraph();
        sample.Build(graph);
        AddMovingPart(graph);
        graph.Save().Dispose();
        var wrong = new WrongRule(RuleRegistry.Find(sample.Operation)!, mistake);
        try
        {
            PackageProtector.Protect(
                graph.FilePath, Directory.CreateDirectory(_folder.At($"{Guid.NewGuid():N}")).FullName,
                new ProtectionOptions("wrong"), new SeededRandom(seed),
                rules: operation => operation == sample.Operation ? wrong : RuleRegistry.Find(operation));
            return $"{sample.Name}, {mistake}: passed";
        }
        catch (RefusedException e)
        {
            return e.Message;
        }
    }

    // Weights enough that move whatever the rule says: a graph that hides next to nothing is refused before it is run.
    private static void AddMovingPart(SmallGraph graph)
    {
        const int Inner = 64;
        var features = graph.Graph.Has("x") ? 6 : 0;
        if (features > 0)
        {
            graph.Add("MatMul", "more_up", "x", graph.Weight("more_up_weight", features, Inner));
            graph.Add("Tanh", "more_turned", "more_up");
            graph.Add("MatMul", "more", "more_turned", graph.Weight("more_down_weight", Inner, features));
            graph.Output("more", "batch", "seq", features);
        }
    }
}
