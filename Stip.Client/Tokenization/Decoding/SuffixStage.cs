namespace Stip.Client.Tokenization.Decoding;

/// <summary>A suffix that marks the end of a word becomes a space, at the end of the text nothing.</summary>
internal sealed class SuffixStage(string suffix) : DecodingStage
{
    private string _held = string.Empty;

    public override void Push(string fragment, Action<string> emit)
    {
        Release(" ", emit);
        var start = suffix.Length == 0 ? -1 : fragment.IndexOf(suffix, StringComparison.Ordinal);
        emit(start < 0 ? fragment : fragment[..start]);
        _held = start < 0 ? string.Empty : fragment[start..];
    }

    public override void Flush(Action<string> emit)
    {
        Release(string.Empty, emit);
        _held = string.Empty;
    }

    private void Release(string replacement, Action<string> emit)
    {
        if (_held.Length > 0)
        {
            emit(_held.Replace(suffix, replacement, StringComparison.Ordinal));
        }
    }
}
