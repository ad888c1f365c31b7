using System.Runtime.InteropServices;

namespace Stip.Export.Checkpoints.Packed;

/// <summary>
/// A matrix of whole numbers of 2, 4 or 8 bits in words of 32: an element is <c>scale · (number − zero)</c>, with one
/// scale and one zero for each output and group of inputs. Widened exactly, or kept as 4-bit blocks.
/// </summary>
internal sealed record PackedTensor : CheckpointTensor, IFourBitRows
{
    private const int WordBits = 32;

    private readonly PackedParts _parts;
    private readonly long _outputs;
    private readonly long _inputs;
    private readonly int _perWord;
    private readonly int _bits;
    private readonly int _middle;
    private readonly Lazy<bool> _hasOffsets;

    /// <param name="name">Name of the matrix.</param>
    /// <param name="parts">What holds it, of the right shapes.</param>
    /// <param name="outputs">Its rows.</param>
    /// <param name="inputs">Its columns.</param>
    /// <param name="bits">Bits of a number.</param>
    public PackedTensor(string name, PackedParts parts, long outputs, long inputs, int bits)
        : base(name, Stip.Protocol.Tensors.TensorDtype.Float32, [outputs, inputs])
    {
        (_parts, _outputs, _inputs, _bits) = (parts, outputs, inputs, bits);
        _perWord = WordBits / bits;
        _middle = 1 << (bits - 1);
        _hasOffsets = new Lazy<bool>(FindOffsets);
    }

    /// <inheritdoc/>
    public override IFourBitRows? FourBitRows => _parts.KeepsBlocks && _bits == 4 && _parts.Order is null
        && _inputs % IFourBitRows.BlockLength == 0
        && (_parts.Groups == 1 || _parts.GroupSize % IFourBitRows.BlockLength == 0)
        ? this
        : null;

    /// <inheritdoc/>
    public bool HasOffsets => _hasOffsets.Value;

    /// <inheritdoc/>
    public override void Read(long firstElement, Span<float> values)
    {
        var words = PackedParts.Words(_parts.Numbers);
        var (row, column) = Math.DivRem(firstElement, _inputs);
        while (!values.IsEmpty)
        {
            var part = values[..(int)Math.Min(_inputs - column, values.Length)];
            var (scales, zeros) = Group(row);
            for (var i = 0; i < part.Length; i++)
            {
                var group = _parts.GroupOf(column + i);
                part[i] = scales[group] * (Number(words, row, column + i) - zeros[group]);
            }

            values = values[part.Length..];
            (row, column) = (row + 1, 0);
        }
    }

    /// <inheritdoc/>
    public void Read(long row, Span<byte> pairs, Span<float> scales, Span<float> offsets)
    {
        var words = PackedParts.Words(_parts.Numbers);
        for (var i = 0; i < pairs.Length; i++)
        {
            pairs[i] = (byte)(Number(words, row, 2 * i) | (Number(words, row, (2 * i) + 1) << _bits));
        }

        var (factors, zeros) = Group(row);
        for (var block = 0; block < scales.Length; block++)
        {
            var group = _parts.GroupOf((long)block * IFourBitRows.BlockLength);
            scales[block] = factors[group];
            offsets[block] = factors[group] * (_middle - zeros[group]);
        }
    }

    private int Number(ReadOnlySpan<uint> words, long output, long input)
    {
        var (word, place) = _parts.Layout.Number(output, input, _outputs, _inputs, _perWord);
        return (int)(words[(int)word] >> (place * _bits)) & ((1 << _bits) - 1);
    }

    // The factors and zeros of one output.
    private (float[] Scales, int[] Zeros) Group(long output)
    {
        var (scales, zeros) = (new float[_parts.Groups], new int[_parts.Groups]);
        var words = _parts.Zeros is null ? default : PackedParts.Words(_parts.Zeros);
        for (var group = 0; group < scales.Length; group++)
        {
            scales[group] = _parts.Scale(output, group, _outputs);
            var (word, place) = _parts.Layout.Zero(output, group, _outputs, _parts.Groups, _perWord);
            zeros[group] = _parts.Zeros is null ? _middle
                : ((int)(words[(int)word] >> (place * _bits)) + _parts.Layout.ZeroOffset) & ((1 << _bits) - 1);
        }

        return (scales, zeros);
    }

    private bool FindOffsets()
    {
        if (_parts.Zeros is not { } stored)
        {
            return false;
        }

        var usual = (uint)(_middle - _parts.Layout.ZeroOffset);
        for (var place = _bits; place < WordBits; place += _bits)
        {
            usual |= usual << _bits;
        }

        return MemoryMarshal.AsBytes(PackedParts.Words(stored)).ContainsAnyExcept((byte)usual);
    }
}
