namespace Stip.Onnx.Model;

/// <summary>Goes through the fields of one message of protobuf without copying them.</summary>
/// <param name="file">The bytes that the message lies in.</param>
/// <param name="start">Where it begins.</param>
/// <param name="end">Where it ends.</param>
internal ref struct ProtobufFields(ReadOnlySpan<byte> file, int start, int end)
{
    private const int MostVarintBytes = 10;
    private const int KindBits = 3;
    private const int Bytes = 2;

    private readonly ReadOnlySpan<byte> _file = file;
    private int _at = start;
    private int _fieldStart;
    private int _tagEnd;
    private ulong _tag;

    /// <summary>True where the bytes are no message.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Where the content of a field of bytes begins.</summary>
    public int BodyStart { get; private set; }

    /// <summary>The field with its tag.</summary>
    public readonly ReadOnlySpan<byte> Whole => _file[_fieldStart.._at];

    /// <summary>The content of a field of bytes.</summary>
    public readonly ReadOnlySpan<byte> Body => _file[BodyStart.._at];

    /// <summary>The message that a field holds.</summary>
    public readonly ProtobufFields Inner => new(_file, BodyStart, _at);

    /// <summary>True for a field of that number.</summary>
    /// <param name="number">The number.</param>
    /// <param name="isBytes">True where it must hold bytes: a message or a string as well.</param>
    public readonly bool Is(int number, bool isBytes = true) =>
        _tag >> KindBits == (ulong)number && (!isBytes || Kind == Bytes);

    private readonly int Kind => (int)(_tag & ((1 << KindBits) - 1));

    /// <summary>Goes on to the next field; false at the end and where there is none that makes sense.</summary>
    public bool Next()
    {
        if (_at == end || IsDamaged)
        {
            return false;
        }

        _fieldStart = _at;
        _tag = Varint();
        _tagEnd = _at;
        ulong length = Kind switch
        {
            0 => Skipped(),
            1 => sizeof(ulong),
            Bytes => Varint(),
            5 => sizeof(uint),
            _ => ulong.MaxValue,
        };
        BodyStart = _at;
        IsDamaged |= length > (ulong)(end - _at);
        _at += IsDamaged ? 0 : (int)length;
        return !IsDamaged;
    }

    /// <summary>Writes the field with another content.</summary>
    public readonly void WriteInstead(Stream stream, ReadOnlySpan<byte> body)
    {
        stream.Write(_file[_fieldStart.._tagEnd]);
        var length = (uint)body.Length;
        for (; length > 0x7F; length >>= 7)
        {
            stream.WriteByte((byte)(length | 0x80));
        }

        stream.WriteByte((byte)length);
        stream.Write(body);
    }

    private ulong Skipped()
    {
        Varint();
        return 0;
    }

    private ulong Varint()
    {
        var value = 0UL;
        for (var i = 0; i < MostVarintBytes && _at < end; i++)
        {
            var next = _file[_at++];
            value |= (ulong)(next & 0x7F) << (7 * i);
            if (next < 0x80)
            {
                return value;
            }
        }

        IsDamaged = true;
        return 0;
    }
}
