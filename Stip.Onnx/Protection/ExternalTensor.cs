using Stip.Onnx.Model;

namespace Stip.Onnx.Protection;

/// <summary>A tensor of a graph to be written whose bytes will lie beside it.</summary>
/// <param name="Target">Is told where they lie.</param>
/// <param name="ByteLength">How many they are.</param>
/// <param name="WriteTo">Writes them; may run beside those of other tensors.</param>
internal sealed record ExternalTensor(TensorProto Target, long ByteLength, Action<Stream> WriteTo)
{
    /// <summary>True where the next tensor belongs to this one: it comes after it, in the same file.</summary>
    public bool IsFollowed { get; init; }
}
