namespace Stip.Export.Checkpoints.Gguf;

/// <summary>One line of the tensor table.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Type">How its elements are stored.</param>
/// <param name="Shape">Lengths of its axes, the outermost first (the file has them the other way round).</param>
/// <param name="Offset">First byte in its part of the file.</param>
internal sealed record GgufTensorInfo(string Name, GgmlType Type, IReadOnlyList<long> Shape, long Offset)
{
    /// <summary>Which part of a split file has it.</summary>
    public int Part { get; init; }

    public long ElementCount { get; } = Shape.Aggregate(1L, (product, length) => product * length);

    public long ByteLength => ElementCount / Type.BlockLength * Type.BlockBytes;
}
