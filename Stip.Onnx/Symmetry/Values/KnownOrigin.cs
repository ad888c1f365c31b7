namespace Stip.Onnx.Symmetry.Values;

/// <summary>What numbers that are known while a graph runs on labels follow from; what is later includes the
/// earlier.</summary>
internal enum KnownOrigin
{
    /// <summary>They are the same whenever the graph runs.</summary>
    Constant,

    /// <summary>They follow from the sizes of the run: other lengths give other numbers.</summary>
    Sizes,

    /// <summary>They follow from what the caller sends: ids, masks, positions.</summary>
    Caller,
}
