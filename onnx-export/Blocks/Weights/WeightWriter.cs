using Stip.Export.Blocks.Attention;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Weights;

/// <summary>Weights of the graph out of tensors of the checkpoint, converted and written tile by tile.</summary>
/// <param name="dtype">Type the graph computes in.</param>
internal sealed class WeightWriter(TensorDtype dtype)
{
    // Wide enough that a row of the checkpoint is read in whole pages, small enough to stay in memory.
    private const int TileElements = 1 << 24;

    private readonly ConvertedTiles _converted = new(dtype);
    private readonly StoredTiles _stored = new();

    /// <summary>Type the graph computes in.</summary>
    public TensorDtype Dtype => dtype;

    /// <summary>A matrix <c>[in, out]</c> whose columns are those of the parts, side by side.</summary>
    public Weight Matrix(params IReadOnlyList<LinearPart> parts) => MovesBits(parts.Select(part => part.Tensor))
        ? Matrix(_stored, parts)
        : Matrix(_converted, parts);

    /// <summary>A vector: those of the parts, end to end.</summary>
    public Weight Vector(params IReadOnlyList<(CheckpointTensor Tensor, HeadPadding Channels)> parts) =>
        Tiled(_converted, [parts.Sum(part => part.Channels.Length)], long.MaxValue, (tile, _, _) =>
        {
            var place = 0;
            foreach (var (tensor, channels) in parts)
            {
                var stored = new float[channels.StoredLength];
                tensor.Read(0, stored);
                for (var channel = 0; channel < channels.Length; channel++, place++)
                {
                    tile[place] = channels.Source(channel) is >= 0 and var source ? stored[source] : 0;
                }
            }

            return parts[0].Tensor.Name;
        });

    /// <summary>Rows as they are stored: tensors end to end, or in turns row by row.</summary>
    /// <param name="shape">Axes of the weight; the last is that of every tensor.</param>
    /// <param name="tensors">Where the rows come from, all of the same shape.</param>
    /// <param name="inTurns">How many neighbouring tensors give a row in turns; 1 for one after the other.</param>
    public Weight Rows(IReadOnlyList<long> shape, IReadOnlyList<CheckpointTensor> tensors, int inTurns) =>
        MovesBits(tensors) ? Rows(_stored, shape, tensors, inTurns) : Rows(_converted, shape, tensors, inTurns);

    /// <summary>A table that the exporter computed, e.g. slopes.</summary>
    public Weight Table(IReadOnlyList<long> shape, float[] values) => Weight.FromFloats(dtype, shape, values);

    // Two-byte elements that keep their type need no arithmetic.
    private bool MovesBits(IEnumerable<CheckpointTensor> tensors) => dtype.ByteSize() == sizeof(ushort)
        && tensors.All(tensor => tensor.HasStoredBytes && tensor.Dtype == dtype);

    private Weight Matrix<T>(ITiles<T> tiles, IReadOnlyList<LinearPart> parts)
        where T : unmanaged
    {
        var height = parts[0].Inputs.Length;
        var width = parts.Sum(part => part.Outputs.Length);
        return Tiled(tiles, [height, width], TileElements, (tile, firstRow, rows) =>
        {
            var column = 0;
            foreach (var linear in parts)
            {
                linear.Fill(tile, rows, width, column, firstRow);
                column += linear.Outputs.Length;
            }

            return parts[0].Tensor.Name;
        });
    }

    private Weight Rows<T>(
        ITiles<T> tiles, IReadOnlyList<long> shape, IReadOnlyList<CheckpointTensor> tensors, int inTurns)
        where T : unmanaged
    {
        var width = (int)shape[^1];
        var ownRows = (int)(tensors[0].ElementCount / width) * inTurns;
        return Tiled(tiles, shape, TileElements, (tile, firstRow, rows) =>
        {
            Parallel.For(firstRow, firstRow + rows, row =>
            {
                var (group, inside) = Math.DivRem(row, ownRows);
                tensors[group * inTurns + inside % inTurns].ReadAs(
                    (long)(inside / inTurns) * width, tile.AsSpan((row - firstRow) * width, width));
            });
            return tensors[0].Name;
        });
    }

    // Rows of the last axis, as many at a time as a tile holds; what fills them names the tensor it read.
    private Weight Tiled<T>(
        ITiles<T> tiles, IReadOnlyList<long> shape, long tileElements, Func<T[], int, int, string> fill)
        where T : unmanaged
    {
        var width = (int)shape[^1];
        var height = (int)shape.SkipLast(1).Aggregate(1L, (product, length) => checked(product * length));
        var rowsPerTile = (int)Math.Clamp(tileElements / width, 1, height);
        return new Weight(dtype, shape, stream =>
        {
            try
            {
                for (var row = 0; row < height; row += rowsPerTile)
                {
                    var rows = Math.Min(rowsPerTile, height - row);
                    var name = fill(tiles.Tile(rows * width), row, rows);
                    tiles.Write(stream, rows * width, name);
                }
            }
            finally
            {
                tiles.Finish();
            }
        });
    }
}
