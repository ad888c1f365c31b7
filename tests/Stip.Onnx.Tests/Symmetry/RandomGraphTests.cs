namespace Stip.Onnx.Tests.Symmetry;

public sealed class RandomGraphTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(9)]
    public void RandomGraphs_PermutedAndPlain_Agree(int steps) => Assert.All(Enumerable.Range(0, 20), seed =>
    {
        using var graph = new SmallGraph();
        _ = new RandomGraph(graph, (100 * steps) + seed, steps);
        ProtocolLaw.AssertHolds(graph);
    });

    [Fact]
    public void RandomGraphs_InRunsOfAnyLength_HaveTheClassesOfTheirCells() => AssertTwoForms(Enumerable.Range(0, 30));

    [Fact(Explicit = true)]
    [Trait("Category", "Slow")]
    public void ManyRandomGraphs_InRunsOfAnyLength_HaveTheClassesOfTheirCells() =>
        AssertTwoForms(Enumerable.Range(30, 300));

    private static void AssertTwoForms(IEnumerable<int> seeds) => Assert.All(seeds, seed =>
    {
        using var graph = new SmallGraph();
        _ = new RandomGraph(graph, seed, steps: 5);
        using var file = graph.Save();
        Assert.All([int.MaxValue, 2, 3, 5], longestRun => TwoForms.AssertAgree(file, longestRun));
    });
}
