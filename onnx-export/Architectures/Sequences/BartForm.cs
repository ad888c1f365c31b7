namespace Stip.Export.Architectures.Sequences;

/// <summary>What a family of BART's kin has of its own.</summary>
/// <param name="IsPreNorm">True where norms come before each part, and one after the last layer.</param>
/// <param name="HasEmbeddingNorm">True where what enters the first layer is normed.</param>
/// <param name="Positions">How positions are known.</param>
/// <param name="ScalesWords">True where rows of tokens have a factor, if config.json does not say it.</param>
/// <param name="Activation">Function of the feed-forward parts, if config.json does not say it.</param>
internal sealed record BartForm(
    bool IsPreNorm,
    bool HasEmbeddingNorm,
    BartPositions Positions,
    bool ScalesWords = false,
    string Activation = "gelu")
{
    /// <summary>True where what enters the first layer of the decoder is normed before positions are added to
    /// it.</summary>
    public bool NormsDecoderWords { get; init; }

    /// <summary>Most positions, if config.json does not say it.</summary>
    public int DefaultPositions { get; init; } = 1024;

    public static BartForm Bart => new(IsPreNorm: false, HasEmbeddingNorm: true, BartPositions.Learned);

    public static BartForm MBart => Bart with { IsPreNorm = true };

    public static BartForm PlBart => Bart with { ScalesWords = true };

    public static BartForm Blenderbot => new(IsPreNorm: true, HasEmbeddingNorm: false, BartPositions.LearnedFromZero)
    {
        DefaultPositions = 128,
    };

    public static BartForm BlenderbotSmall => new(
        IsPreNorm: false, HasEmbeddingNorm: true, BartPositions.LearnedFromZero)
    {
        NormsDecoderWords = true,
        DefaultPositions = 512,
    };

    public static BartForm Marian => new(IsPreNorm: false, HasEmbeddingNorm: false, BartPositions.Waves);

    public static BartForm Pegasus => Marian with { IsPreNorm = true };

    public static BartForm M2M => new(
        IsPreNorm: true, HasEmbeddingNorm: false, BartPositions.FairseqWaves, ScalesWords: true, Activation: "relu");
}
