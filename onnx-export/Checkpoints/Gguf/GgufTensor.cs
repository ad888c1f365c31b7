using Stip.Export.Checkpoints.Gguf.Blocks;
using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>A tensor of a GGUF file; block-quantised elements are widened as they are read.</summary>
internal sealed record GgufTensor : CheckpointTensor, IFourBitRows
{
    private const int LongestBlock = 256;
    private const int CopyElements = 1 << 16;

    private readonly GgufFile _file;
    private readonly GgufTensorInfo _info;
    private readonly RotaryRowOrder? _order;
    private readonly int _width;

    public GgufTensor(GgufFile file, GgufTensorInfo info, RotaryRowOrder? order = null)
        : base(info.Name, DtypeOf(info.Type), info.Shape)
    {
        (_file, _info, _order) = (file, info, order);

        // A bias has as many rows as channels.
        _width = order is not null && info.Shape.Count == 1 ? 1 : (int)info.Shape[^1];
    }

    public override IFourBitRows? FourBitRows => FourBitBlocks.Has(_info.Type) && Shape.Count == 2 ? this : null;

    public bool HasOffsets => FourBitBlocks.HasOffsets(_info.Type);

    public override void Read(long firstElement, Span<float> values)
    {
        var (row, column) = Math.DivRem(firstElement, _width);
        while (!values.IsEmpty)
        {
            var part = values[..(int)Math.Min(_width - column, values.Length)];
            ReadPart(_order?.Source(row) ?? row, (int)column, part);
            (row, column) = (row + 1, 0);
            values = values[part.Length..];
        }
    }

    public void Read(long row, Span<byte> pairs, Span<float> scales, Span<float> offsets)
    {
        var rowBytes = _width / _info.Type.BlockLength * _info.Type.BlockBytes;
        var stored = _file.Bytes(_info, (_order?.Source(row) ?? row) * rowBytes, rowBytes);
        FourBitBlocks.Split(_info.Type, stored, pairs, scales, offsets);
    }

    public override void CopyTo(Stream stream)
    {
        var values = new float[CopyElements];
        var bytes = new byte[CopyElements * Dtype.ByteSize()];
        for (var first = 0L; first < ElementCount; first += CopyElements)
        {
            var part = values.AsSpan(0, (int)Math.Min(CopyElements, ElementCount - first));
            Read(first, part);

            // Exact: short types were widened from the type they go back to.
            var narrow = bytes.AsSpan(0, part.Length * Dtype.ByteSize());
            TensorConversion.FromFloat32(part, Dtype, narrow);
            stream.Write(narrow);
        }
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
