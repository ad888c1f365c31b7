namespace Stip.Fuzz;

/// <summary>An input on which a parser failed, took too long or too much.</summary>
internal sealed class FuzzFindingException(string target, byte[] input, Exception cause)
    : Exception($"{target}: {cause.GetType().Name}: {cause.Message}", cause)
{
    public byte[] Input => input;
}
