namespace Stip.Client.Encoders;

/// <summary>What may stand in place of a mask.</summary>
/// <param name="Position">Place of the mask among the text's tokens, special ones included.</param>
/// <param name="Candidates">Best first.</param>
public sealed record FilledMask(int Position, IReadOnlyList<MaskCandidate> Candidates);

/// <summary>A token that may stand in place of a mask.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Token">The piece as it stands in the vocabulary.</param>
/// <param name="Score">Its probability.</param>
public sealed record MaskCandidate(int Id, string Token, float Score);
