namespace Stip.Export.Blocks;

/// <summary>Where the tensors of an encoder layer stand in the checkpoint, below the layer's own name.</summary>
/// <param name="Query">Projection to queries.</param>
/// <param name="Key">Projection to keys.</param>
/// <param name="Value">Projection to values.</param>
/// <param name="Output">Projection from heads back to the stream.</param>
/// <param name="AttentionNorm">Norm before (pre-norm) or after (post-norm) attention.</param>
/// <param name="Up">First matrix of the feed-forward part.</param>
/// <param name="Down">Second matrix of the feed-forward part.</param>
/// <param name="FeedForwardNorm">Norm before or after the feed-forward part.</param>
internal sealed record EncoderLayerNames(
    string Query,
    string Key,
    string Value,
    string Output,
    string AttentionNorm,
    string Up,
    string Down,
    string FeedForwardNorm)
{
    /// <summary>Queries, keys and values in one matrix, null where they are apart.</summary>
    public string? Packed { get; init; }

    /// <summary>True where <see cref="Packed"/> holds the three of a head side by side, head after head.</summary>
    public bool IsPackedByHead { get; init; }

    /// <summary>The norm of the queries of all heads, null where there is none.</summary>
    public string? QueryNorm { get; init; }

    /// <summary>The norm of the keys of all heads, null where there is none.</summary>
    public string? KeyNorm { get; init; }

    /// <summary>What multiplies <see cref="Up"/> after an activation, null where the activation is on
    /// <see cref="Up"/> itself.</summary>
    public string? Gate { get; init; }

    /// <summary>True where <see cref="Up"/> is one matrix that holds the gate's rows before its own.</summary>
    public bool HasGateBeforeUp { get; init; }

    /// <summary>True where <see cref="Up"/> is one matrix that holds the gate's rows after its own.</summary>
    public bool HasGateAfterUp { get; init; }

    /// <summary>False where keys have no bias although queries and values have one.</summary>
    public bool HasKeyBias { get; init; } = true;

    /// <summary>False where queries have no bias although others have one.</summary>
    public bool HasQueryBias { get; init; } = true;

    /// <summary>False where values have no bias although others have one.</summary>
    public bool HasValueBias { get; init; } = true;

    /// <summary>Factors on what attention gives, null where there are none.</summary>
    public string? AttentionFactors { get; init; }

    /// <summary>Factors on what the feed-forward part gives, null where there are none.</summary>
    public string? FeedForwardFactors { get; init; }

    /// <summary>False where the first layer reads the stream without a norm before attention.</summary>
    public bool HasFirstNorm { get; init; } = true;
}
