using Stip.Client.Sound;

namespace Stip.Client.Sampling;

/// <summary>Rules out what a text with times does not have, as Whisper was trained: it begins with a time, times stand
/// in pairs (where one part ends and the next begins) and go forward, and one comes wherever all of them together are
/// likelier than any other token.</summary>
internal sealed class TimedTokens(SpeechTimes times, ITokenFilter? other) : ITokenFilter
{
    private int _count;
    private int _lastTime = -1;
    private bool _isTime;
    private bool _isPair;
    private bool _mustBeTime;

    /// <summary>Looks at what the model says of the next token.</summary>
    /// <param name="logits">All of them.</param>
    public void See(ReadOnlySpan<float> logits)
    {
        var (text, greatest) = (float.NegativeInfinity, float.NegativeInfinity);
        for (var id = 0; id < logits.Length; id++)
        {
            if (MayCome(id))
            {
                greatest = Math.Max(greatest, logits[id]);
                text = id < times.FirstId ? Math.Max(text, logits[id]) : text;
            }
        }

        var sum = 0.0;
        for (var id = times.FirstId; id < logits.Length; id++)
        {
            sum += MayCome(id) ? Math.Exp(logits[id] - greatest) : 0;
        }

        _mustBeTime = sum > 0 && greatest + Math.Log(sum) > text;
    }

    /// <summary>A token has come.</summary>
    public void Accept(int tokenId)
    {
        (_isPair, _isTime) = (_count == 0 || _isTime, tokenId >= times.FirstId);
        _lastTime = _isTime ? tokenId : _lastTime;
        _count++;
        _mustBeTime = false;
    }

    public bool Allows(int tokenId) => MayCome(tokenId) && (!_mustBeTime || tokenId >= times.FirstId);

    private bool MayCome(int tokenId)
    {
        var isTime = tokenId >= times.FirstId;
        return other?.Allows(tokenId) != false && tokenId != times.SilentId
            && (_count > 0 ? MayFollow(tokenId, isTime)
                : isTime && !(tokenId - times.FirstId > times.LatestFirst));
    }

    private bool MayFollow(int tokenId, bool isTime) =>
        !isTime ? !_isTime || _isPair || tokenId >= times.EndId
        // Of two neighbours the second may be the same.
        : _isTime ? !_isPair && tokenId >= _lastTime
        : tokenId > _lastTime;
}
