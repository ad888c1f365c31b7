namespace Stip.Client.Tokenization.PreTokenization;

/// <summary>A stretch of text, and whether the pattern matched it.</summary>
internal readonly record struct TextSpan(int Start, int End, bool IsMatch)
{
    public int Length => End - Start;
}
