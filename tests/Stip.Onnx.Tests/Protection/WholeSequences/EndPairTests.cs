using Stip.Onnx.Execution;
using Stip.Onnx.Protection.WholeSequences;

namespace Stip.Onnx.Tests.Protection.WholeSequences;

/// <summary>Scores of two texts that differ in their last token, where some have no end.</summary>
public sealed class EndPairTests
{
    private const float Tolerance = 1e-4f;
    private const float Never = float.NegativeInfinity;

    [Theory]
    [InlineData(new[] { 1f, 2, 3, 4 }, new[] { 1f, 2, 3, 5 }, true, true)]
    [InlineData(new[] { 1f, Never, 3, Never }, new[] { 1f, Never, 4, Never }, true, true)] // words that are never said
    [InlineData(new[] { 1f, Never, 3, Never }, new[] { 1f, Never, 3, Never }, true, false)]
    [InlineData(new[] { 1f, Never, 3, Never }, new[] { 2f, Never, 3, Never }, false, false)]
    [InlineData(new[] { 1f, Never, 3, Never }, new[] { 1f, 2, 3, Never }, false, false)]
    [InlineData(new[] { 1f, 2, 3, 4 }, new[] { 1f, float.NaN, 3, 4 }, false, false)]
    public void APair_WithScoresWithoutAnEnd_IsJudgedByTheOthers(
        float[] one, float[] other, bool keeps, bool changes)
    {
        var pair = new EndPair(
            HostTensor.FromFloats(one, [1, 2, 2]), HostTensor.FromFloats(other, [1, 2, 2]),
            new ChangedEnds.Lengths(1, 2), 2);

        Assert.Equal((keeps, changes), (pair.Keeps(Tolerance), pair.Changes(Tolerance)));
    }
}
