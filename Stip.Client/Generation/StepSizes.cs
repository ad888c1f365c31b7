using Stip.Client.Bundles;
using Stip.Client.Transport;

namespace Stip.Client.Generation;

/// <summary>How many rows go in one step. What may be sent and how many full logits may come back are learnt apart.
/// </summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed class StepSizes
{
    private const int MostRows = 512;
    private const int MostBytesSent = 4 << 20;
    private const int MostBytesReceived = 16 << 20;

    private readonly SizeCeiling _sent = new(MostRows);
    private readonly SizeCeiling _received = new(MostRows);

    /// <summary>Most rows of the next step, at least 1.</summary>
    /// <param name="bundle">Tells how large a row is.</param>
    /// <param name="wantsAll">Whether full logits of each of them are wanted.</param>
    public int Most(Bundle bundle, bool wantsAll)
    {
        var sent = Math.Min(MostBytesSent / bundle.RowBytes, _sent.Value);
        var received = wantsAll
            ? Math.Min(MostBytesReceived / (bundle.Permutation.VocabSize * sizeof(float)), _received.Value)
            : int.MaxValue;
        return Math.Max(1, Math.Min(sent, received));
    }

    /// <summary>A step of so many rows was answered.</summary>
    public void Went(int rows, bool wantsAll)
    {
        _sent.Went(rows);
        if (wantsAll)
        {
            _received.Went(rows);
        }
    }

    /// <summary>Learns from a refusal; false where fewer rows would not help.</summary>
    public bool Learns(StipException refused, int rows, bool wantsAll)
    {
        if (rows == 1 || !refused.AsksForLess || (refused.AsksForSmallerAnswer && !wantsAll))
        {
            return false;
        }

        (refused.AsksForSmallerAnswer ? _received : _sent).TookTooMany(rows);
        return true;
    }
}
