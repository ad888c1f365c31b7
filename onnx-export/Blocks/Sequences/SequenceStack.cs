using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;

namespace Stip.Export.Blocks.Sequences;

/// <summary>The layers of an encoder, or of the decoder that reads its states.</summary>
/// <param name="Layers">Name of the layers in the checkpoint, before their index.</param>
/// <param name="Count">Number of layers.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="Inner">Width inside the feed-forward part.</param>
/// <param name="Own">Attention of the rows to one another.</param>
/// <param name="Cross">Attention to the encoder's states, null in the encoder.</param>
/// <param name="Up">First matrix of the feed-forward part.</param>
/// <param name="Down">Second matrix of the feed-forward part.</param>
/// <param name="FeedForwardNorm">The norm before or after the feed-forward part.</param>
internal sealed record SequenceStack(
    string Layers,
    int Count,
    int Heads,
    int Inner,
    AttentionNames Own,
    AttentionNames? Cross,
    string Up,
    string Down,
    string FeedForwardNorm)
{
    /// <summary>What multiplies <see cref="Up"/> after the activation, null where the activation is on it.</summary>
    public string? Gate { get; init; }

    /// <summary>True where the second half of what <see cref="Up"/> gives multiplies the first after the
    /// activation.</summary>
    public bool HoldsGate { get; init; }

    /// <summary>Function of the feed-forward parts where it is not that of the family.</summary>
    public string? Activation { get; init; }

    /// <summary>How queries and keys of the rows turn with their positions, neighbouring channels together; null where
    /// they do not.</summary>
    public RotaryFrequencies? Turns { get; init; }

    /// <summary>Rows that are added to those of tokens, first position first; null for none.</summary>
    public CheckpointTensor? Positions { get; init; }

    /// <summary>The norm of rows of tokens before positions are added to them, null where there is none.</summary>
    public string? WordNorm { get; init; }

    /// <summary>The norm of what enters the first layer, null where there is none.</summary>
    public string? EmbeddingNorm { get; init; }

    /// <summary>The norm after the last layer, null where there is none.</summary>
    public string? LastNorm { get; init; }

    /// <summary>Table of what distances add to the scores of a layer, null where they add nothing.</summary>
    public Func<int, string>? DistanceTable { get; init; }

    /// <summary>How distances fall into the rows of that table.</summary>
    public DistanceBias? Distances { get; init; }

    /// <summary>How far every row sees, whatever the layer; null where all see all.</summary>
    public int? Window { get; init; }

    /// <summary>How far rows of a layer see beside the first row, which sees all and is seen by all; null where all see
    /// all.</summary>
    public Func<int, int>? Farthest { get; init; }
}
