using Stip.Export.Blocks;
using Stip.Export.Checkpoints;

namespace Stip.Export.Architectures.Encoders;

/// <summary>What the text encoders have in common in config.json.</summary>
/// <param name="Sizes">Sizes of the layers.</param>
/// <param name="VocabSize">Rows of the word table.</param>
/// <param name="Positions">Rows of the position table.</param>
/// <param name="FirstPosition">The row of the first token: RoBERTa keeps rows before it for padding.</param>
/// <param name="TokenTypes">Rows of the token-type table.</param>
/// <param name="IsTied">True where the head of masked words is the word table.</param>
internal sealed record TextEncoderConfig(
    EncoderSizes Sizes, int VocabSize, int Positions, int FirstPosition, int TokenTypes, bool IsTied)
{
    /// <summary>Width of a row of the tables.</summary>
    public int RowSize { get; init; } = Sizes.Hidden;

    /// <summary>Width in which the head of masked words meets its last layer.</summary>
    public int HeadRowSize
    {
        get => field > 0 ? field : RowSize;
        init;
    }

    /// <summary>Sizes inside layers, where their norms are not as those outside.</summary>
    public EncoderSizes LayerSizes
    {
        get => field ?? Sizes;
        init;
    }

    /// <summary>Most tokens of a text, where that is less than there are positions.</summary>
    public int? MostTokens { get; init; }

    /// <summary>Factor on the rows of the word table.</summary>
    public float WordScale { get; init; } = 1;

    /// <summary>Makes the client's table of words of the stored one; null where it is that.</summary>
    public Func<CheckpointTensor, CheckpointTensor>? OfWord { get; init; }

    /// <summary>A token whose row in the client's table is zero, whatever is stored; null for none.</summary>
    public int? ZeroWord { get; init; }

    /// <summary>True where a row of the client holds the word and, behind it, what its position adds.</summary>
    public bool KeepsPlacesApart { get; init; }

    /// <summary>Kinds of tokens that rows of the client tell behind their features, one number for each kind; 0 where
    /// kinds are added to features or unknown.</summary>
    public int KindsApart { get; init; }

    /// <summary>Features of another stream that a row of the client holds behind its own; 0 for none.</summary>
    public int Beside { get; init; }

    /// <summary>Columns behind the features that say where on a page a token stands; 0 where rows alone say
    /// it.</summary>
    public int PlacesApart { get; init; }

    /// <summary>Width of a row that the client sends.</summary>
    public int SentRowSize => ((KeepsPlacesApart ? 2 : 1) * RowSize) + KindsApart + Beside + PlacesApart;

    /// <summary>Rows of the table of distances; 0 where there is none.</summary>
    public int DistanceBuckets { get; init; }

    /// <summary>Most tokens of a text.</summary>
    public int ContextLength => Math.Min(Positions - FirstPosition, MostTokens ?? int.MaxValue);
}
