namespace Stip.Client.Tokenization.Decoding;

/// <summary>
/// Takes up to so many characters off both ends: of every fragment, or of the whole text once it is fused.
/// </summary>
internal sealed class StripStage(char content, int start, int stop, bool isFused) : DecodingStage
{
    private int _taken;
    private string _held = string.Empty;

    public override void Push(string fragment, Action<string> emit)
    {
        var allowed = start - (isFused ? _taken : 0);
        var skip = 0;
        while (skip < fragment.Length && skip < allowed && fragment[skip] == content)
        {
            skip++;
        }

        _taken = skip == fragment.Length ? _taken + skip : start;
        var text = _held + fragment[skip..];
        var end = text.Length;
        while (end > 0 && text.Length - end < stop && text[end - 1] == content)
        {
            end--;
        }

        // Of a fused text the tail may yet turn out to be its middle.
        _held = isFused ? text[end..] : string.Empty;
        emit(text[..end]);
    }
}
