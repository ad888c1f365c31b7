using System.Numerics.Tensors;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks;

/// <summary>Weights of the graph out of tensors of the checkpoint, converted and written tile by tile.</summary>
/// <param name="dtype">Type the graph computes in.</param>
internal sealed class WeightWriter(TensorDtype dtype)
{
    // Wide enough that a row of the checkpoint is read in whole cache lines, small enough to stay in memory.
    private const int TileElements = 1 << 22;
    private const float LargestFloat16 = 65504;

    /// <summary>Type the graph computes in.</summary>
    public TensorDtype Dtype => dtype;

    /// <summary>A matrix <c>[in, out]</c> whose columns are those of the parts, side by side.</summary>
    public Weight Matrix(params IReadOnlyList<LinearPart> parts)
    {
        var height = parts[0].Inputs.Length;
        var width = parts.Sum(part => part.Outputs.Length);
        return new Weight(dtype, [height, width], stream =>
        {
            var rowsPerTile = Math.Clamp(TileElements / width, 1, height);
            var tile = new float[rowsPerTile * width]; // [rows, out]
            for (var row = 0; row < height; row += rowsPerTile)
            {
                var part = tile.AsSpan(0, Math.Min(rowsPerTile, height - row) * width);
                part.Clear();
                var column = 0;
                foreach (var linear in parts)
                {
                    linear.Fill(part, width, column, row);
                    column += linear.Outputs.Length;
                }

                Write(stream, part, parts[0].Tensor.Name);
            }
        });
    }

    /// <summary>A vector: those of the parts, end to end.</summary>
    public Weight Vector(params IReadOnlyList<(CheckpointTensor Tensor, HeadPadding Channels)> parts) =>
        new(dtype, [parts.Sum(part => part.Channels.Length)], stream =>
        {
            foreach (var (tensor, channels) in parts)
            {
                var stored = new float[channels.StoredLength];
                tensor.Read(0, stored);
                var values = new float[channels.Length];
                for (var channel = 0; channel < values.Length; channel++)
                {
                    values[channel] = channels.Source(channel) is >= 0 and var source ? stored[source] : 0;
                }

                Write(stream, values, tensor.Name);
            }
        });

    /// <summary>A table that the exporter computed, e.g. rotary cosines.</summary>
    public Weight Table(IReadOnlyList<long> shape, float[] values) => Weight.FromFloats(dtype, shape, values);

    private void Write(Stream stream, ReadOnlySpan<float> values, string name)
    {
        if (dtype == TensorDtype.Float16 && TensorPrimitives.MaxMagnitude(values) is > LargestFloat16 and var largest)
        {
            throw new RefusedException(
                $"tensor '{name}' holds {largest:G4}; float16 holds at most {LargestFloat16}, use --dtype "
                + "bfloat16 or float32");
        }

        var bytes = new byte[(long)values.Length * dtype.ByteSize()];
        TensorConversion.FromFloat32(values, dtype, bytes);
        stream.Write(bytes);
    }
}
