namespace Stip.Client.Tokenization.Patterns;

/// <summary>
/// A class of a pattern while it is written without its characters beyond U+FFFF: stand-ins of those know their
/// category only, so single ones cannot be told apart. What .NET would then read as another class is refused.
/// </summary>
/// <param name="start">Where its content starts in what is written.</param>
internal sealed class OpenClass(int start)
{
    private int _dash = -1; // where a range may go on from
    private bool _leftOut;

    /// <summary>Takes a character that is about to be written.</summary>
    /// <param name="character">The character, not escaped.</param>
    /// <param name="at">Where it is in the pattern.</param>
    /// <param name="written">Where it is going to be.</param>
    /// <returns>True where it would mean something else there without an escape.</returns>
    public bool Take(char character, int at, int written)
    {
        if (character == ']' && _leftOut && written == start)
        {
            throw new InvalidDataException(
                "a class of a tokenizer's pattern has characters outside U+0000 to U+FFFF only");
        }

        _dash = character == '-' && written > start ? at : _dash;
        return character == '^' && _leftOut && written == start;
    }

    /// <summary>Leaves out a character beyond U+FFFF, or a range of such.</summary>
    /// <param name="pattern">The whole pattern.</param>
    /// <param name="at">Where the character is.</param>
    /// <returns>Where the pattern goes on.</returns>
    public int Skip(string pattern, int at)
    {
        var next = at + 2;
        var isRange = pattern.AsSpan(next) is ['-', >= '\uD800' and <= '\uDBFF', _, ..];
        if (_dash == at - 1 || (!isRange && pattern.AsSpan(next) is ['-', not ']', ..]))
        {
            throw new InvalidDataException(
                "a range into or out of U+0000 to U+FFFF is not supported in a tokenizer's pattern");
        }

        _leftOut = true;
        return isRange ? next + 3 : next;
    }
}
