using Stip.Onnx.Symmetry.Rules;

namespace Stip.Onnx.Tests.Symmetry.Rules;

public sealed class RuleTests
{
    public static TheoryData<string> Samples { get; } = [.. RuleSample.All.Keys];

    [Theory]
    [MemberData(nameof(Samples))]
    public void Rule_OfTheRegistry_IsExact(string name)
    {
        using var graph = new SmallGraph();
        RuleSample.All[name].Build(graph);

        ProtocolLaw.AssertHolds(graph);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Rule_ThatIsWrong_IsCaught(string name)
    {
        var sample = RuleSample.All[name];
        using var graph = new SmallGraph();
        sample.Build(graph);
        using var file = graph.Save();

        var isCaught = Enum.GetValues<WrongRule.Mistake>().Any(mistake =>
        {
            var wrong = new WrongRule(RuleRegistry.Find(sample.Operation)!, mistake);
            return ProtocolLaw.IsBroken(
                file, operation => operation == sample.Operation ? wrong : RuleRegistry.Find(operation));
        });

        Assert.True(isCaught, $"a wrong rule for {name} was not noticed");
    }

    [Fact]
    public void EveryRule_HasASample()
    {
        var sampled = RuleSample.All.Values.Select(sample => RuleRegistry.Find(sample.Operation)).ToHashSet();
        var without = RuleRegistry.All.Where(rule => !sampled.Contains(rule)).Select(rule => rule.GetType().Name);

        // Operators that only other devices run: their classes are compared with those of the graphs they stand for.
        Assert.Equal(["GatedBiasRule", "RelativeBiasRule", "SplitGeluRule"], without.Order());
    }
}
