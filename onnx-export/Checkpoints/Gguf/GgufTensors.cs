using Stip.Onnx;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>Tensors of a GGUF file under the names of a Hugging Face checkpoint.</summary>
/// <param name="file">The file.</param>
/// <param name="order">How the rows of queries and keys lie, null where they lie as in a checkpoint.</param>
/// <param name="keepsBlocks">True where 4-bit blocks are to stay such.</param>
internal sealed class GgufTensors(GgufFile file, RotaryRowOrder? order, bool keepsBlocks) : ITensorStore
{
    public CheckpointTensor Require(string name, params ReadOnlySpan<long> shape)
    {
        if (GgufNames.Of(name) is not { } stored || !file.Tensors.TryGetValue(stored, out var tensor))
        {
            throw new RefusedException(
                $"the file has no tensor '{GgufNames.Of(name) ?? name}', which this architecture needs ('{name}')");
        }

        return shape.SequenceEqual(tensor.Shape.ToArray())
            ? new GgufTensor(file, tensor, GgufNames.IsTurned(name) ? order : null, keepsBlocks)
            : throw new RefusedException($"tensor '{stored}' has shape [{string.Join(", ", tensor.Shape)}]; "
                + $"the file's metadata asks for [{string.Join(", ", shape.ToArray())}]");
    }

    public bool Has(string name) => GgufNames.Of(name) is { } stored && file.Tensors.ContainsKey(stored);

    public void Dispose() => file.Dispose();
}
