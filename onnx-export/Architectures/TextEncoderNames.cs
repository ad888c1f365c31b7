using Stip.Export.Blocks;

namespace Stip.Export.Architectures;

/// <summary>Where the tensors of a text encoder stand in its checkpoint.</summary>
/// <param name="Words">Table of token rows.</param>
/// <param name="Positions">Table of position rows.</param>
/// <param name="TokenTypes">Table of token-type rows, null where there is none.</param>
/// <param name="EmbeddingNorm">The norm after the sum of the tables.</param>
/// <param name="Layers">The layers, before their index.</param>
/// <param name="Layer">Inside a layer.</param>
/// <param name="MaskedWords">The head of masked words.</param>
/// <param name="Classifier">The head of labels.</param>
internal sealed record TextEncoderNames(
    string Words,
    string Positions,
    string? TokenTypes,
    string EmbeddingNorm,
    string Layers,
    EncoderLayerNames Layer,
    MaskedWordsHead MaskedWords,
    ClassifierHead Classifier)
{
    /// <summary>From the width of the tables to that of the layers, where the two differ.</summary>
    public string? Projection { get; init; }

    /// <summary>Table of what distances add to the scores of each head, null where there is none.</summary>
    public string? Distances { get; init; }
}
