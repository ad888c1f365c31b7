using Stip.Keys.Permutations;
using Stip.TestKit;

namespace Stip.Keys.Tests.Permutations;

public sealed class PermutationTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(97)]
    public void Inverse_AfterThePermutation_IsTheIdentity(int length)
    {
        var permutation = Draw(length);

        Assert.True(permutation.Then(permutation.Inverse()).IsIdentity);
        Assert.True(permutation.Inverse().Then(permutation).IsIdentity);
    }

    [Fact]
    public void Then_OfThree_DoesNotDependOnTheBrackets()
    {
        var (a, b, c) = (Draw(31, 1), Draw(31, 2), Draw(31, 3));

        Assert.Equal(a.Then(b).Then(c), a.Then(b.Then(c)));
        Assert.NotEqual(a.Then(b), b.Then(a));
    }

    [Fact]
    public void Then_ActsAsBothOneAfterTheOther()
    {
        var (first, second) = (Draw(12, 1), Draw(12, 2));
        int[] items = [.. Enumerable.Range(100, 12)];
        var (once, twice, composed) = (new int[12], new int[12], new int[12]);

        first.Apply<int>(items, once);
        second.Apply<int>(once, twice);
        first.Then(second).Apply<int>(items, composed);

        Assert.Equal(twice, composed);
    }

    [Fact]
    public void Apply_MovesEachItemToItsTarget()
    {
        var permutation = Permutation.FromTargets([2, 0, 1]);
        var moved = new string[3];

        permutation.Apply<string>(["a", "b", "c"], moved);

        Assert.Equal(["b", "c", "a"], moved);
        Assert.Equal(2, permutation[0]);
    }

    [Fact]
    public void ApplyToRows_MovesEveryRowAlike()
    {
        var permutation = Permutation.FromTargets([1, 2, 0]);
        var moved = new int[6];

        permutation.ApplyToRows<int>([1, 2, 3, 4, 5, 6], moved);

        Assert.Equal([3, 1, 2, 6, 4, 5], moved);
    }

    [Fact]
    public void Apply_ToAnotherLength_IsRefused()
    {
        var permutation = Draw(3);

        Assert.Throws<ArgumentException>(() => permutation.Apply<int>([1, 2], new int[2]));
        Assert.Throws<ArgumentException>(() => permutation.ApplyToRows<int>([1, 2, 3, 4], new int[4]));
        Assert.Throws<ArgumentException>(() => permutation.Then(Draw(4)));
    }

    [Theory]
    [InlineData(new[] { 0, 0 })]
    [InlineData(new[] { 0, 2 })]
    [InlineData(new[] { -1, 0 })]
    public void FromTargets_ThatAreNoPermutation_IsRefused(int[] targets) =>
        Assert.Throws<ArgumentException>(() => Permutation.FromTargets(targets));

    [Fact]
    public void Random_OfAnyLength_IsAPermutation()
    {
        for (var length = 0; length < 40; length++)
        {
            var targets = Draw(length, length).Targets.ToArray();

            Assert.Equal(Enumerable.Range(0, length), targets.Order());
        }
    }

    [Fact]
    public void ToString_ShowsLengthAndFingerprintOnly()
    {
        var permutation = Permutation.FromTargets([1, 0, 2]);

        Assert.Equal($"permutation of 3 ({permutation.Fingerprint()})", permutation.ToString());
        Assert.Equal(8, permutation.Fingerprint().Length);
        Assert.NotEqual(permutation.Fingerprint(), Permutation.Identity(3).Fingerprint());
    }

    [Fact]
    public void Equals_ComparesTargets()
    {
        Assert.Equal(Permutation.FromTargets([0, 1]), Permutation.Identity(2));
        Assert.Equal(Permutation.FromTargets([0, 1]).GetHashCode(), Permutation.Identity(2).GetHashCode());
        Assert.False(Permutation.Identity(2).Equals(null));
        Assert.False(Permutation.FromTargets([1, 0]).Equals((object)Permutation.Identity(2)));
    }

    private static Permutation Draw(int length, int seed = 7) => Permutation.Random(length, new SeededRandom(seed));
}
