namespace Stip.Client.Tokenization.PreTokenization;

/// <summary>
/// A stretch of the text between splits; <paramref name="OpensText"/> where the text itself begins with it.
/// </summary>
internal readonly record struct Piece(string Text, bool OpensText);
