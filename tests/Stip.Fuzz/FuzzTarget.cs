namespace Stip.Fuzz;

/// <summary>A parser of bytes that somebody else wrote.</summary>
/// <param name="Name">On the command line.</param>
/// <param name="Seeds">Good inputs, small.</param>
/// <param name="Read">Reads one input and uses what it gives.</param>
/// <param name="Refusals">The exceptions by which it refuses, as it documents; any other is a finding.</param>
internal sealed record FuzzTarget(
    string Name, IReadOnlyList<byte[]> Seeds, Action<byte[]> Read, params IReadOnlyList<Type> Refusals)
{
    /// <summary>The refusal of an input; null where it was taken.</summary>
    public Exception? Refuse(byte[] input)
    {
        try
        {
            Read(input);
            return null;
        }
        catch (Exception e) when (Refusals.Contains(e.GetType()))
        {
            return e;
        }
    }
}
