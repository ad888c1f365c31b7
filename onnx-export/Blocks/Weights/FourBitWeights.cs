using System.Runtime.InteropServices;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Weights;

/// <summary>The weights of a 4-bit product out of projections of the checkpoint, row by row.</summary>
internal sealed class FourBitWeights
{
    /// <summary>Elements of a block along the inputs.</summary>
    public const int BlockLength = IFourBitRows.BlockLength;

    // Offsets lie the other way round in the graph: a tile of them is kept while its rows pass by.
    private const int TileElements = 1 << 22;

    // A channel that only fills a head up is zero: the middle of the 4-bit numbers.
    private const byte TwoZeros = IFourBitRows.ZeroPoint << 4 | IFourBitRows.ZeroPoint;

    private readonly IReadOnlyList<LinearPart> _parts;

    public FourBitWeights(IReadOnlyList<LinearPart> parts)
    {
        _parts = parts;
        Inputs = parts[0].Inputs.Length;
        Outputs = parts.Sum(part => part.Outputs.Length);
        HasOffsets = parts[0].Tensor.FourBitRows!.HasOffsets;
    }

    public int Inputs { get; }

    public int Outputs { get; }

    public bool HasOffsets { get; }

    /// <summary><c>[out, in / 32, 16]</c>: two neighbours a byte.</summary>
    public Weight Numbers => new(
        TensorDtype.UInt8,
        [Outputs, Blocks, BlockLength / 2],
        stream => ForEachRow((_, row) => stream.Write(row.Pairs)));

    /// <summary><c>[out, in / 32]</c>.</summary>
    public Weight Scales => new(
        TensorDtype.Float32,
        [Outputs, Blocks],
        stream => ForEachRow((_, row) => stream.Write(MemoryMarshal.AsBytes<float>(row.Scales))));

    /// <summary><c>[in / 32, out]</c>.</summary>
    public Weight Offsets => new(TensorDtype.Float32, [Blocks, Outputs], WriteOffsets);

    private int Blocks => Inputs / BlockLength;

    /// <summary>True where a projection can stay as it is stored: its inputs are the blocks' own.</summary>
    public static bool Fit(LinearPart part) =>
        part is { StoredOutputsFirst: true, Tensor.FourBitRows: not null, Inputs.Order: null }
        && part.Inputs.Length == part.Inputs.StoredLength;

    private void WriteOffsets(Stream stream)
    {
        var perTile = Math.Clamp(TileElements / Outputs, 1, Blocks);
        for (var first = 0; first < Blocks; first += perTile)
        {
            var tile = new float[Math.Min(perTile, Blocks - first) * Outputs]; // [blocks, out]
            ForEachRow((output, row) =>
            {
                for (var block = 0; block < tile.Length / Outputs; block++)
                {
                    tile[block * Outputs + output] = row.Offsets[first + block];
                }
            });
            stream.Write(MemoryMarshal.AsBytes<float>(tile));
        }
    }

    private void ForEachRow(Action<int, Row> use)
    {
        var row = new Row(new byte[Inputs / 2], new float[Blocks], new float[Blocks]);
        var output = 0;
        foreach (var part in _parts)
        {
            for (var channel = 0; channel < part.Outputs.Length; channel++)
            {
                if (part.Outputs.Source(channel) is >= 0 and var stored)
                {
                    part.Tensor.FourBitRows!.Read(stored, row.Pairs, row.Scales, row.Offsets);
                }
                else
                {
                    row.Clear();
                }

                use(output++, row);
            }
        }
    }

    private sealed record Row(byte[] Pairs, float[] Scales, float[] Offsets)
    {
        public void Clear()
        {
            Array.Fill(Pairs, TwoZeros);
            Array.Clear(Scales);
            Array.Clear(Offsets);
        }
    }
}
