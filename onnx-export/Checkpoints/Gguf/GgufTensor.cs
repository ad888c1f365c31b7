using Stip.Export.Checkpoints.Gguf.Blocks;
using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>A tensor of a GGUF file; block-quantised elements are widened as they are read.</summary>
internal sealed record GgufTensor : CheckpointTensor, IFourBitRows
{
    private const int LongestBlock = 256;

    private readonly GgufFile _file;
    private readonly GgufTensorInfo _info;
    private readonly Func<long, long>? _order;
    private readonly int _width;
    private readonly bool _keepsBlocks;

    /// <param name="file">The file.</param>
    /// <param name="info">Which tensor of it.</param>
    /// <param name="order">Which of its rows is a row of the checkpoint, null where they lie alike.</param>
    /// <param name="keepsBlocks">False where 4-bit blocks are to be widened like all others.</param>
    public GgufTensor(GgufFile file, GgufTensorInfo info, Func<long, long>? order = null, bool keepsBlocks = false)
        : base(info.Name, DtypeOf(info.Type), info.Shape)
    {
        (_file, _info, _order, _keepsBlocks) = (file, info, order, keepsBlocks);

        // A bias has as many rows as channels.
        _width = order is not null && info.Shape.Count == 1 ? 1 : (int)info.Shape[^1];
    }

    public override IFourBitRows? FourBitRows =>
        _keepsBlocks && FourBitBlocks.Has(_info.Type) && Shape.Count > 1 ? this : null;

    public bool HasOffsets => FourBitBlocks.HasOffsets(_info.Type);

    public override void Read(long firstElement, Span<float> values)
    {
        var (row, column) = Math.DivRem(firstElement, _width);
        while (!values.IsEmpty)
        {
            var part = values[..(int)Math.Min(_width - column, values.Length)];
            ReadPart(_order?.Invoke(row) ?? row, (int)column, part);
            (row, column) = (row + 1, 0);
            values = values[part.Length..];
        }
    }

    public void Read(long row, Span<byte> pairs, Span<float> scales, Span<float> offsets)
    {
        var rowBytes = _width / _info.Type.BlockLength * _info.Type.BlockBytes;
        var stored = _file.Bytes(_info, (_order?.Invoke(row) ?? row) * rowBytes, rowBytes);
        FourBitBlocks.Split(_info.Type, stored, pairs, scales, offsets);
    }

    private void ReadPart(long row, int column, Span<float> values)
    {
        var type = _info.Type;
        var start = row * _width + column;
        if (type.BlockLength == 1)
        {
            type.Decode(_file.Bytes(_info, start * type.BlockBytes, values.Length * type.BlockBytes), values);
            return;
        }

        Span<float> whole = stackalloc float[LongestBlock];
        while (!values.IsEmpty)
        {
            var (block, inside) = Math.DivRem(start, type.BlockLength);
            var stored = _file.Bytes(_info, block * type.BlockBytes, type.BlockBytes);
            var count = Math.Min(type.BlockLength - (int)inside, values.Length);
            if (count == type.BlockLength)
            {
                type.Decode(stored, values[..count]);
            }
            else
            {
                type.Decode(stored, whole);
                whole.Slice((int)inside, count).CopyTo(values);
            }

            start += count;
            values = values[count..];
        }
    }

    private static TensorDtype DtypeOf(GgmlType type) => type.Name switch
    {
        "F16" => TensorDtype.Float16,
        "BF16" => TensorDtype.BFloat16,
        _ => TensorDtype.Float32,
    };
}
