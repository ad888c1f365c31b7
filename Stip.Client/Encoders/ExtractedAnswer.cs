namespace Stip.Client.Encoders;

/// <summary>A part of a text that answers a question.</summary>
/// <param name="Answer">The part; empty where the text has no answer.</param>
/// <param name="Start">Where it begins, in UTF-16 units as .NET counts.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Score">Probability of its first token as a beginning times that of its last as an end.</param>
public sealed record ExtractedAnswer(string Answer, int Start, int End, float Score);
