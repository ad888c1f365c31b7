namespace Stip.Client.Tokenization.Decoding;

/// <summary>A suffix that marks the end of a word becomes a space, at the end of the text nothing.</summary>
internal sealed class SuffixStage(string suffix) : DecodingStage
{
    private string? _held;

    public override void Push(string fragment, Action<string> emit)
    {
        Release(" ", emit);
        _held = fragment;
    }

    public override void Flush(Action<string> emit)
    {
        Release(string.Empty, emit);
        _held = null;
    }

    private void Release(string replacement, Action<string> emit)
    {
        if (_held is not null)
        {
            emit(suffix.Length == 0 ? _held : _held.Replace(suffix, replacement, StringComparison.Ordinal));
        }
    }
}
