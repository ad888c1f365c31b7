using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;

namespace Stip.Export.Architectures.Encoders;

/// <summary>Where the tensors of a text encoder stand in its checkpoint.</summary>
/// <param name="Words">Table of token rows.</param>
/// <param name="Positions">Table of position rows, null where there is none.</param>
/// <param name="TokenTypes">Table of token-type rows, null where there is none; <paramref name="Words"/> where they are
/// its first rows.</param>
/// <param name="EmbeddingNorm">The norm after the sum of the tables, null where there is none.</param>
/// <param name="Layers">The layers, before their index.</param>
/// <param name="Layer">Inside a layer.</param>
internal sealed record TextEncoderNames(
    string Words,
    string? Positions,
    string? TokenTypes,
    string? EmbeddingNorm,
    string Layers,
    EncoderLayerNames Layer)
{
    /// <summary>The head of masked words, null of families without one.</summary>
    public MaskedWordsHead? MaskedWords { get; init; }

    /// <summary>The head of labels, null of families without one.</summary>
    public ClassifierHead? Classifier { get; init; }

    /// <summary>The layer between the first row and <c>pooler_output</c>, which a tanh follows; null of families whose
    /// bare model has none.</summary>
    public string? Pooler { get; init; }

    /// <summary>The head of one logit, where it is not <see cref="Pooler"/> and a layer called
    /// <c>classifier</c>.</summary>
    public ClassifierHead? Choice { get; init; }

    /// <summary>The head that tells replaced tokens, null of families without one.</summary>
    public string? Replaced { get; init; }

    /// <summary>From the width of the tables to that of the layers, where the two differ.</summary>
    public string? Projection { get; init; }

    /// <summary>The norm after the last layer, of encoders whose norms come before each part; null for those whose
    /// norms come after it.</summary>
    public string? LastNorm { get; init; }

    /// <summary>Rows <c>[1, width]</c> that are added to every token, null for none.</summary>
    public Func<ITensorStore, IReadOnlyList<CheckpointTensor>>? EveryRow { get; init; }

    /// <summary>The client's tables for boxes on a page, by name; null where tokens stand in none.</summary>
    public Func<ITensorStore, IReadOnlyDictionary<string, CheckpointTensor>>? Boxes { get; init; }

    /// <summary>A layer, then a tanh, between every row and a head that says something of each; null for
    /// none.</summary>
    public string? RowDense { get; init; }

    /// <summary>The layer of a head that says where an answer begins and ends.</summary>
    public string Answer { get; init; } = "qa_outputs";

    /// <summary>Appends what is added to scores, null for nothing.</summary>
    public Func<EncoderGraph, string>? ScoreBias { get; init; }

    /// <summary>True where the projection is there even if the widths are the same.</summary>
    public bool AlwaysProjects { get; init; }

    /// <summary>The layer of a head that says what each token is.</summary>
    public string TokenLabels { get; init; } = "classifier";

    /// <summary>Which stored layer is a layer of the graph, where some share their weights.</summary>
    public Func<int, string>? Stored { get; init; }

    /// <summary>What weights are called that several layers share.</summary>
    public Func<string, string>? ShareAs { get; init; }

    /// <summary>How layers know where rows stand, null where the tables say it.</summary>
    public Func<EncoderGraph, RowPositions>? RowPositions { get; init; }

    /// <summary>The same where every layer knows it in its own way.</summary>
    public Func<EncoderGraph, Func<int, RowPositions>>? LayerPositions { get; init; }

    /// <summary>The attention of a layer (its name in the graph, its name in the checkpoint, rows) where it is not the
    /// usual one.</summary>
    public Func<EncoderGraph, Func<string, string, string, string>>? Attention { get; init; }

    /// <summary>The same where layers, by their index, have attention of their own.</summary>
    public Func<EncoderGraph, Func<int, string, string, string, string>>? LayerAttention { get; init; }

    /// <summary>The feed-forward part of a layer (its index, its name in the graph, its name in the checkpoint, rows)
    /// where it is not the usual one; null for a layer where it is.</summary>
    public Func<EncoderGraph, Func<int, string, string, string, string?>>? FeedForward { get; init; }

    /// <summary>What becomes of the rows after a layer (its index, rows), given the rows that enter the first one; null
    /// where that is the layer alone.</summary>
    public Func<EncoderGraph, string, Func<int, string, string>>? After { get; init; }

    /// <summary>Makes rows of those that come in, before anything else; null where they stay.</summary>
    public Func<EncoderGraph, string>? Start { get; init; }

    /// <summary>True where rows that do not count are zero when they enter the first layer.</summary>
    public bool MasksRows { get; init; }

    /// <summary>Table of what distances add to the scores of each head, null where there is none.</summary>
    public string? Distances { get; init; }
}
