namespace Stip.Client.Tokenization.PreTokenization;

/// <summary>Splits a piece further; nothing empty comes out.</summary>
internal abstract class PreTokenizer
{
    public abstract IEnumerable<Piece> Split(Piece piece);
}
