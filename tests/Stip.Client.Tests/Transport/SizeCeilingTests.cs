using Stip.Client.Transport;

namespace Stip.Client.Tests.Transport;

public sealed class SizeCeilingTests
{
    private readonly SizeCeiling _ceiling = new(512);

    [Fact]
    public void Refusals_HalveItToOneAtLeast()
    {
        foreach (var (refused, left) in new[] { (200, 100), (300, 100), (100, 50), (2, 1), (1, 1) })
        {
            _ceiling.TookTooMany(refused);
            Assert.Equal(left, _ceiling.Value);
        }
    }

    [Fact]
    public void SizesNearIt_LetItGrowAgainAndNoFurtherThanAtFirst()
    {
        _ceiling.TookTooMany(400);
        Assert.Equal(16, SuccessesUntilItGrows(150));
        Assert.Equal(400, _ceiling.Value);
        SuccessesUntilItGrows(400);
        Assert.Equal(512, _ceiling.Value);
    }

    [Fact]
    public void SizesFarBelow_SayNothing()
    {
        _ceiling.TookTooMany(400);
        for (var i = 0; i < 10_000; i++)
        {
            _ceiling.Went(100);
        }

        Assert.Equal(200, _ceiling.Value);
    }

    [Fact]
    public void TrialsInVain_ComeMoreAndMoreSeldom()
    {
        _ceiling.TookTooMany(400);
        var waits = new List<int>();
        for (var i = 0; i < 9; i++)
        {
            waits.Add(SuccessesUntilItGrows(200));
            _ceiling.TookTooMany(_ceiling.Value);
        }

        Assert.Equal([16, 32, 64, 128, 256, 512, 1024, 1024, 1024], waits);
    }

    private int SuccessesUntilItGrows(int size)
    {
        var (before, count) = (_ceiling.Value, 0);
        while (_ceiling.Value == before)
        {
            _ceiling.Went(size);
            count++;
        }

        return count;
    }
}
