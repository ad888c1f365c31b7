namespace Stip.Api.Engine;

/// <summary>What an encoder makes of a source, where its rows are not the decoder's: patches of a picture.</summary>
/// <param name="SourceWidth">Numbers of a row of the source.</param>
/// <param name="Width">Numbers of a row of the states.</param>
/// <param name="Rows">Rows of the states; null where they follow the source's.</param>
/// <param name="SourceRows">Rows of a source; null where any number goes.</param>
internal sealed record SourceStates(int SourceWidth, int Width, int? Rows, int? SourceRows)
{
    /// <summary>Rows that an encoder puts before those of patches: a class, a teacher, registers.</summary>
    public const int MostRowsMore = 8;
}
