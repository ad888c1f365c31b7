namespace Stip.Onnx.Tests.Symmetry;

public sealed class RandomBlockTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(24)]
    public void Blocks_OfEveryKind_AreExact(int firstSeed)
    {
        for (var seed = firstSeed; seed < firstSeed + 8; seed++)
        {
            using var graph = new SmallGraph();
            new RandomBlock(graph, seed).Build();

            var plan = ProtocolLaw.AssertHolds(graph);

            Assert.NotNull(plan.Inputs["x"].Permutation);
            Assert.NotNull(plan.Outputs["logits"].Permutation);
        }
    }

    [Theory]
    [InlineData(40)]
    [InlineData(41)]
    [InlineData(42)]
    public void PermutingTwice_Composes(int seed)
    {
        using var graph = new SmallGraph();
        new RandomBlock(graph, seed).Build();

        ProtocolLaw.AssertComposes(graph);
    }
}
