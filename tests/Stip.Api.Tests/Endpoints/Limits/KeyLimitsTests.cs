using Stip.Api.Endpoints.Limits;

namespace Stip.Api.Tests.Endpoints.Limits;

public sealed class KeyLimitsTests
{
    // A period is a whole number of ticks, of which the shortest here has 526,315: no rate is off by more than one in
    // so many.
    [Fact]
    public void Refill_OfAnyRate_IsThatRate()
    {
        int[] rates = [.. Enumerable.Range(1, 1000), 12_345, 1_000_000, int.MaxValue];
        Assert.All(rates, rate =>
        {
            var (tokens, period) = KeyLimits.Refill(rate);
            Assert.InRange(tokens / period.TotalSeconds / rate, 1, 1 + 2e-6);
            Assert.InRange(period.TotalSeconds, 0.05, 1);
        });
    }
}
