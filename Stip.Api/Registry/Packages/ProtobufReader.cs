namespace Stip.Api.Registry.Packages;

/// <summary>Steps through the fields of one protobuf message.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _left = message;

    /// <summary>Number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Bytes of the current field where it is length-delimited, else empty.</summary>
    public ReadOnlySpan<byte> Payload { get; private set; }

    /// <summary>The current field where it is a varint, else 0.</summary>
    public ulong Number { get; private set; }

    /// <exception cref="InvalidDataException">Not the bytes of a message.</exception>
    public bool Next()
    {
        if (_left.IsEmpty)
        {
            return false;
        }

        var tag = Varint();
        Field = (int)Math.Min(tag >> 3, int.MaxValue);
        Payload = default;
        Number = 0;
        switch (tag & 7)
        {
            case 0:
                Number = Varint();
                break;
            case 1:
                Take(sizeof(ulong));
                break;
            case 2:
                Payload = Take(Varint());
                break;
            case 5:
                Take(sizeof(uint));
                break;
            default:
                throw NotAMessage();
        }

        return true;
    }

    /// <summary>The varints of a packed field, one after another.</summary>
    /// <exception cref="InvalidDataException">Not such bytes.</exception>
    public static List<ulong> Packed(ReadOnlySpan<byte> payload)
    {
        var reader = new ProtobufReader(payload);
        List<ulong> numbers = [];
        while (!reader._left.IsEmpty)
        {
            numbers.Add(reader.Varint());
        }

        return numbers;
    }

    private ReadOnlySpan<byte> Take(ulong bytes)
    {
        if (bytes > (ulong)_left.Length)
        {
            throw NotAMessage();
        }

        var taken = _left[..(int)bytes];
        _left = _left[(int)bytes..];
        return taken;
    }

    private ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 70 && !_left.IsEmpty; shift += 7)
        {
            var next = _left[0];
            _left = _left[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw NotAMessage();
    }

    private static InvalidDataException NotAMessage() => new("the file is not an ONNX model");
}
