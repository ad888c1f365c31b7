namespace Stip.Api.Engine.Caches;

/// <summary>A device that is lost can neither zero nor free anything: whoever gives back several things gives back all
/// of them all the same.</summary>
internal static class LostDevice
{
    public static void Outlast<T>(T held, Action<T> giveBack)
    {
        try
        {
            giveBack(held);
        }
#pragma warning disable CA1031 // As above. What uses the device says why it is lost.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}
