namespace Stip.Onnx.Symmetry.Ports;

/// <summary>What an input of a graph says, beside ids, signals and features.</summary>
internal enum PortUse
{
    /// <summary>Nothing that its use or its name tells.</summary>
    Unknown,

    /// <summary>Which positions count: 0 or 1, or numbers that are added to scores.</summary>
    Mask,

    /// <summary>Where tokens stand in their text.</summary>
    Position,

    /// <summary>Which rows of a text are wanted.</summary>
    Place,

    /// <summary>Position of the last token of each sequence, as attention operators ask for it.</summary>
    LastPosition,

    /// <summary>Tokens in the cache and new ones.</summary>
    Total,

    /// <summary>Tokens in the cache.</summary>
    Past,

    /// <summary>New tokens.</summary>
    Sequence,

    /// <summary>Whether there is a cache: which branch of a merged decoder runs.</summary>
    Branch,
}
