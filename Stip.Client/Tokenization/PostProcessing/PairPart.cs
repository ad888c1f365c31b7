namespace Stip.Client.Tokenization.PostProcessing;

/// <summary>A piece of what a pair of sequences becomes.</summary>
/// <param name="Sequence">0 for the first sequence, 1 for the second, null for a special token.</param>
/// <param name="Id">The special token.</param>
/// <param name="Type">Segment (<c>token_type_ids</c>) of its tokens.</param>
internal sealed record PairPart(int? Sequence, int Id, int Type)
{
    /// <summary>One behind the other, where nothing is said.</summary>
    public static IReadOnlyList<PairPart> Bare { get; } = [Text(0, 0), Text(1, 1)];

    public static PairPart Text(int sequence, int type) => new(sequence, -1, type);

    public static PairPart Token(int id, int type) => new(null, id, type);
}
