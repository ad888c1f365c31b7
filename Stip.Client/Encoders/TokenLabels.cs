namespace Stip.Client.Encoders;

/// <summary>What a token classifier says of a text.</summary>
/// <param name="Tokens">Every token that stands for a part of the text, in its order.</param>
/// <param name="Spans">Neighbouring tokens of one kind (<c>B-PER</c>, <c>I-PER</c>) together; those outside
/// (<c>O</c>) are left out.</param>
public sealed record TokenLabels(IReadOnlyList<TokenLabel> Tokens, IReadOnlyList<LabelledSpan> Spans);

/// <summary>The likeliest label of a token.</summary>
/// <param name="Index">Place among the text's tokens, special ones included.</param>
/// <param name="Word">The part of the text.</param>
/// <param name="Start">Where it begins, in UTF-16 units as .NET counts.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Label">The label.</param>
/// <param name="Score">Its probability.</param>
public sealed record TokenLabel(int Index, string Word, int Start, int End, string Label, float Score);

/// <summary>A part of a text that tokens of one kind make up.</summary>
/// <param name="Word">The part of the text.</param>
/// <param name="Start">Where it begins, in UTF-16 units as .NET counts.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Label">The kind, without <c>B-</c> and <c>I-</c>.</param>
/// <param name="Score">Mean of the scores of its tokens.</param>
public sealed record LabelledSpan(string Word, int Start, int End, string Label, float Score);
