namespace Stip.Onnx.Execution;

/// <summary>What a session may make of the weights of a graph before it runs.</summary>
internal enum WeightMemory
{
    /// <summary>Whatever makes runs fast: copies that are packed, widened and folded.</summary>
    Prepared,

    /// <summary>Nothing: weights are read where they are mapped, and what must be widened is widened for one
    /// node.</summary>
    Mapped,

    /// <summary>The same, but packed matrices of few bits are laid out as their kernels want them: without that they
    /// would be widened as wholes.</summary>
    MappedButPacked,
}
