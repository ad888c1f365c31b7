namespace Stip.Onnx.Symmetry.Nodes;

/// <summary>What a run of nodes is besides its kind and its children.</summary>
[Flags]
internal enum RunTraits : byte
{
    /// <summary>Children are a set in which one may occur several times.</summary>
    None = 0,

    /// <summary>Children have places.</summary>
    Ordered = 1,

    /// <summary>Equal to no other, whatever its children.</summary>
    Fresh = 2,

    /// <summary>Every lane is of a kind of its own, so that none moves.</summary>
    Places = 4,

    /// <summary>No output hangs on it: it has no children any more, so that it holds nothing.</summary>
    Dropped = 8,

    /// <summary>A node that stands for several sets, lane by lane, and not for the set of all lanes of its
    /// children.</summary>
    LaneByLane = 16,
}
