namespace Stip.Client.Tokenization.Decoding;

/// <summary>Rewrites every fragment by itself; the first may be treated apart.</summary>
internal sealed class MapStage(Func<string, bool, string> rewrite) : DecodingStage
{
    private bool _isFirst = true;

    public override void Push(string fragment, Action<string> emit)
    {
        emit(rewrite(fragment, _isFirst));
        _isFirst = false;
    }
}
