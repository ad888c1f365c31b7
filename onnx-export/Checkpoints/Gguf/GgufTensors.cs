using Stip.Onnx;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>Tensors of a GGUF file under the names of a Hugging Face checkpoint.</summary>
/// <param name="file">The file.</param>
/// <param name="architecture">What it holds.</param>
/// <param name="headDim">Channels of a head.</param>
/// <param name="keepsBlocks">True where 4-bit blocks are to stay such.</param>
internal sealed class GgufTensors(
    GgufFile file, GgufArchitecture architecture, int headDim, bool keepsBlocks) : ITensorStore
{
    public bool Has(string name) =>
        GgufNames.Of(name, architecture.Names) is { } stored && file.Tensors.ContainsKey(stored);

    public CheckpointTensor Require(string name, params ReadOnlySpan<long> shape)
    {
        var stored = GgufNames.Of(name, architecture.Names);
        if (stored is null || !file.Tensors.TryGetValue(stored, out var info))
        {
            throw new RefusedException(
                $"the file has no tensor '{stored ?? name}', which this architecture needs ('{name}')");
        }

        if (!shape.SequenceEqual(info.Shape.ToArray()))
        {
            throw new RefusedException($"tensor '{stored}' has shape [{string.Join(", ", info.Shape)}]; "
                + $"the file's metadata asks for [{string.Join(", ", shape.ToArray())}]");
        }

        RotaryRowOrder? order = architecture.InterleavesRotary && GgufNames.IsTurned(name)
            ? new RotaryRowOrder(headDim)
            : null;
        var tensor = new GgufTensor(file, info, order, keepsBlocks);
        return architecture.NormOffset is not 0 && GgufNames.IsNorm(name)
            ? new ShiftedTensor(tensor, -architecture.NormOffset)
            : tensor;
    }

    public void Dispose() => file.Dispose();
}
