using Stip.Client.Sealing;

namespace Stip.Client.Sampling;

/// <summary>
/// Draws from the largest logits and the log-sum-exp of all of them. What is not listed has a known mass, and no such
/// token is more likely than the last one that is. Where penalties, biases or a filter touch tokens that are not
/// listed, that mass lies between nothing and all of it: the token is certain if both ends of the range draw the same.
/// Where it is known how many tokens a filter rules out, it takes no more than so many times the last listed one.
/// </summary>
internal sealed class ListDraw(SamplingOptions options, Penalties penalties, int vocabularySize)
{
    // Servers sum exponentials of float32: the temperature's inverse, its product with a logit and the sum are rounded.
    // Of the whole mass, tokens that are ruled out here with it, that is at most so much.
    private const double Rounding = 2e-6;

    private readonly ListedLogits _ranked = new();
    private float[] _adjusted = [];

    /// <returns>The token that the full row would give, or null where the list cannot tell.</returns>
    public int? TryDraw(
        LogitsRow row, ReadOnlySpan<int> contextIds, int promptTokens, ITokenFilter? filter, double uniform)
    {
        var ids = row.TokenIds.Span;
        var raw = row.Values.Span;
        if (_adjusted.Length != ids.Length)
        {
            _adjusted = new float[ids.Length];
        }

        raw.CopyTo(_adjusted);
        var isComplete = ids.Length >= vocabularySize;
        if (!TryAdjust(ids, contextIds, promptTokens, filter, out var touchesOthers))
        {
            return null;
        }

        _ranked.Reset(ids, _adjusted, isComplete ? float.NegativeInfinity : raw[^1], vocabularySize);
        if (_ranked.Known == 0)
        {
            return null;
        }

        if (options.Temperature == 0)
        {
            return _ranked.Id(0);
        }

        _ranked.Temperature = options.Temperature;
        var listed = Mass(_adjusted);
        var (least, most) = isComplete ? (0, 0) : Others(row.Logsumexp!.Value, raw);
        least = touchesOthers ? 0 : Math.Max(0, least - (RuledOutUnlisted(filter, ids) * Weight(raw[^1])));
        var drawn = QuantileDraw.Draw(_ranked, options, uniform, listed + most);
        var isCertain = least >= most || QuantileDraw.Draw(_ranked, options, uniform, listed + least) == drawn;
        return _ranked.RanOut || !isCertain ? null : drawn;
    }

    private bool TryAdjust(
        ReadOnlySpan<int> ids,
        ReadOnlySpan<int> contextIds,
        int promptTokens,
        ITokenFilter? filter,
        out bool touchesOthers)
    {
        touchesOthers = filter is not null and not SuppressedTokens { Count: not null };
        if (options.HasPenalties)
        {
            var touched = penalties.ApplyListed(ids, _adjusted, contextIds, promptTokens, options);
            touchesOthers |= touched;
            if (touched && options.RaisesSeenTokens)
            {
                return false;
            }
        }

        foreach (var (id, bias) in options.LogitBias)
        {
            var place = ids.IndexOf(id);
            if (place >= 0)
            {
                _adjusted[place] += bias;
            }
            else if (bias > 0)
            {
                return false;
            }
            else
            {
                touchesOthers = true;
            }
        }

        for (var i = 0; filter is not null && i < ids.Length; i++)
        {
            _adjusted[i] = filter.Allows(ids[i]) ? _adjusted[i] : float.NegativeInfinity;
        }

        return true;
    }

    /// <summary>The weight of all tokens that are not listed, at least and at most: the rest of the whole as far as the
    /// whole is exact, and none weighs more than the last that is listed.</summary>
    private (double Least, double Most) Others(double logsumexp, ReadOnlySpan<float> raw)
    {
        var whole = Math.Exp(logsumexp - ((double)_ranked.Greatest / _ranked.Temperature));
        var bound = (vocabularySize - raw.Length) * Weight(raw[^1]);
        var rest = whole - Mass(raw);
        // Next to tokens that were ruled out, those that may come can weigh too little for any number.
        return double.IsNaN(rest)
            ? (0, bound)
            : (Math.Clamp(rest - (whole * Rounding), 0, bound), Math.Clamp(rest + (whole * Rounding), 0, bound));
    }

    private static int RuledOutUnlisted(ITokenFilter? filter, ReadOnlySpan<int> ids)
    {
        var count = (filter as SuppressedTokens)?.Count ?? 0;
        for (var i = 0; count > 0 && i < ids.Length; i++)
        {
            count -= filter!.Allows(ids[i]) ? 0 : 1;
        }

        return count;
    }

    private double Mass(ReadOnlySpan<float> logits)
    {
        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Weight(logit);
        }

        return sum;
    }

    private double Weight(float logit) => Math.Exp((logit - (double)_ranked.Greatest) / _ranked.Temperature);
}
