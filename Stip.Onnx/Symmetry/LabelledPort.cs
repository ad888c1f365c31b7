namespace Stip.Onnx.Symmetry;

/// <summary>A float input or output of a graph: one node for every feature that it has at each position.</summary>
/// <param name="Name">Name in the graph.</param>
/// <param name="FeatureAxes">The axes that hold features; the others are batch, sequence and the like. None for an
/// output of indices, whose numbers move.</param>
/// <param name="FeatureShape">Lengths of those axes.</param>
/// <param name="Nodes">Row-major over the feature axes.</param>
internal sealed record LabelledPort(string Name, int[] FeatureAxes, int[] FeatureShape, int[] Nodes)
{
    /// <summary>How many axes an output has, declared or not; null where nothing asks for it.</summary>
    public int? Rank { get; init; }

    /// <summary>True for an output of one number for each pair of rows, in which nothing is a feature.</summary>
    public bool ArePairs { get; init; }
}
