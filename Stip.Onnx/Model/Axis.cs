namespace Stip.Onnx.Model;

/// <summary>An axis of a graph input or output: a length, or a name where the length is free.</summary>
internal readonly record struct Axis(long Length, string? Name)
{
    public static implicit operator Axis(long length) => new(length, null);

    public static implicit operator Axis(string name) => new(0, name);

    public TensorShapeProto.Types.Dimension ToProto() =>
        Name is null ? new() { DimValue = Length } : new() { DimParam = Name };
}
