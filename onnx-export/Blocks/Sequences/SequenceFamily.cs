using Stip.Export.Checkpoints;

namespace Stip.Export.Blocks.Sequences;

/// <summary>An encoder and a decoder that reads its states.</summary>
/// <param name="Hidden">Width of the streams.</param>
/// <param name="HeadDim">Channels of a head.</param>
/// <param name="VocabSize">Rows of the token table.</param>
/// <param name="Norm">Which norm.</param>
/// <param name="Activation">Function of the feed-forward parts.</param>
/// <param name="Encoder">The encoder's layers, null where it is a model of another kind.</param>
/// <param name="Decoder">The decoder's layers.</param>
internal sealed record SequenceFamily(
    int Hidden, int HeadDim, int VocabSize, Norm Norm, string Activation, SequenceStack? Encoder, SequenceStack Decoder)
{
    /// <summary>True where norms come before each part, false where they come after it.</summary>
    public required bool IsPreNorm { get; init; }

    /// <summary>True where projections have biases.</summary>
    public required bool HasBiases { get; init; }

    /// <summary>True where feed-forward parts have biases; as the other projections unless said.</summary>
    public bool? HasInnerBiases { get; init; }

    /// <summary>Factor on the scores.</summary>
    public required double Scale { get; init; }

    /// <summary>The token table of both sides.</summary>
    public required CheckpointTensor Words { get; init; }

    /// <summary>Factor on rows of tokens.</summary>
    public double WordScale { get; init; } = 1;

    /// <summary>Matrix of the head <c>[vocab, hidden]</c>.</summary>
    public required CheckpointTensor Head { get; init; }

    /// <summary>Factor on rows before the head.</summary>
    public double HeadScale { get; init; } = 1;

    /// <summary>Bias of the head, null where there is none.</summary>
    public CheckpointTensor? HeadBias { get; init; }

    /// <summary>False where all that goes into the encoder counts.</summary>
    public bool IsMasked { get; init; } = true;

    /// <summary>Declares the encoder's input where that is not tokens, and makes rows of it.</summary>
    public Func<SequenceGraph, string>? Start { get; init; }

    /// <summary>Width of the encoder's states where it is not that of the decoder's stream.</summary>
    public int? StatesWidth { get; init; }

    /// <summary>A layer that makes states as wide as the decoder's stream, null where there is none.</summary>
    public string? StatesProjection { get; init; }

    /// <summary>What becomes of rows before the head, null for nothing.</summary>
    public Func<SequenceGraph, string, string>? BeforeHead { get; init; }
}
