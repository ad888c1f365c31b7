namespace Stip.Protocol.Completions;

/// <summary>Which logits a step asks for.</summary>
/// <param name="TopK">The largest so many of each row with their log-sum-exp, 1 to the model's max_top_k; null for
/// full rows.</param>
/// <param name="Rows"><see cref="Last"/> (default) or <see cref="All"/>.</param>
/// <param name="Temperature">Divides the logits inside log-sum-exp only; above 0, default 1.</param>
public sealed record LogitsRequest(int? TopK = null, string Rows = LogitsRequest.Last, double Temperature = 1)
{
    /// <summary>Logits of the last row only.</summary>
    public const string Last = "last";

    /// <summary>Logits of every row that was sent.</summary>
    public const string All = "all";
}
