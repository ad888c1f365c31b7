namespace Stip.Api.Tests.Endpoints;

/// <summary>Sees whether memory, managed and resident, grows over many attempts once the first quarter of them has
/// warmed everything up.</summary>
internal sealed class MemoryWatch(int attempts)
{
    // A leak of a body, or of what a body promises, an attempt would be many times that. What else this process does
    // meanwhile is resident too, so there is more room for it.
    private const long MostManagedBytes = 32 << 20;
    private const long MostResidentBytes = 256 << 20;
    private long _managed;
    private long _resident;

    public void Tick(int attempt)
    {
        if (attempt == attempts / 4)
        {
            (_managed, _resident) = (GC.GetTotalMemory(forceFullCollection: true), HostileBytes.ResidentBytes());
        }
    }

    public void AssertFlat()
    {
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - _managed, long.MinValue, MostManagedBytes);
        var grown = HostileBytes.ResidentBytes() - _resident;
        TestContext.Current.TestOutputHelper?.WriteLine($"resident memory grew by {grown >> 10} KiB");
        Assert.InRange(grown, long.MinValue, MostResidentBytes);
    }
}
