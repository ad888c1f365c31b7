namespace Stip.Onnx.Symmetry;

/// <summary>What a free axis of an input counts.</summary>
internal enum AxisRole
{
    /// <summary>Nothing that its name or its place tells.</summary>
    Unknown,

    /// <summary>Sequences.</summary>
    Batch,

    /// <summary>New tokens.</summary>
    Sequence,

    /// <summary>Tokens in the cache.</summary>
    Past,

    /// <summary>Tokens in the cache and new ones.</summary>
    Total,

    /// <summary>Positions of an encoder's states.</summary>
    Encoder,

    /// <summary>Rows or columns of a picture.</summary>
    Side,

    /// <summary>Colours of a picture.</summary>
    Channels,
}
