namespace Stip.Export.Checkpoints.Gguf;

/// <summary>Reads metadata values: integers as <c>long</c>, floats as <c>double</c>, and lists of either.</summary>
internal static class GgufValues
{
    public static object Read(GgufCursor cursor, string key)
    {
        var type = ReadType(cursor, key);
        return type == GgufValueType.Array ? ReadList(cursor, key) : ReadOne(cursor, type, key);
    }

    private static GgufValueType ReadType(GgufCursor cursor, string key)
    {
        var type = cursor.Read<uint>($"type of {key}");
        return type <= (uint)GgufValueType.Float64
            ? (GgufValueType)type
            : throw cursor.Refused($"gives {key} the unknown type {type}; there are 0..{(int)GgufValueType.Float64}");
    }

    private static object ReadOne(GgufCursor cursor, GgufValueType type, string key) => type switch
    {
        GgufValueType.String => cursor.Text(key),
        GgufValueType.Bool => cursor.Read<byte>(key) != 0,
        GgufValueType.Float32 => (double)cursor.Read<float>(key),
        GgufValueType.Float64 => cursor.Read<double>(key),
        _ => Integer(cursor, type, key),
    };

    private static object ReadList(GgufCursor cursor, string key)
    {
        var type = ReadType(cursor, key);
        switch (type)
        {
            case GgufValueType.Array:
                throw cursor.Refused($"has lists inside the list {key}, which no model file needs");
            case GgufValueType.String:
                return Fill(new string[cursor.Count($"texts in {key}", sizeof(ulong))], () => cursor.Text(key));
            case GgufValueType.Float32:
                return Fill(new double[cursor.Count($"numbers in {key}", 4)], () => cursor.Read<float>(key));
            case GgufValueType.Float64:
                return Fill(new double[cursor.Count($"numbers in {key}", 8)], () => cursor.Read<double>(key));
            case GgufValueType.Bool:
                return Fill(new bool[cursor.Count($"flags in {key}", 1)], () => cursor.Read<byte>(key) != 0);
            default:
                return Fill(
                    new long[cursor.Count($"integers in {key}", ByteSize(type))], () => Integer(cursor, type, key));
        }
    }

    private static T[] Fill<T>(T[] list, Func<T> read)
    {
        for (var i = 0; i < list.Length; i++)
        {
            list[i] = read();
        }

        return list;
    }

    private static long Integer(GgufCursor cursor, GgufValueType type, string key) => type switch
    {
        GgufValueType.UInt8 => cursor.Read<byte>(key),
        GgufValueType.Int8 => cursor.Read<sbyte>(key),
        GgufValueType.UInt16 => cursor.Read<ushort>(key),
        GgufValueType.Int16 => cursor.Read<short>(key),
        GgufValueType.UInt32 => cursor.Read<uint>(key),
        GgufValueType.Int32 => cursor.Read<int>(key),
        GgufValueType.Int64 => cursor.Read<long>(key),
        _ => cursor.Read<ulong>(key) is <= long.MaxValue and var value
            ? (long)value
            : throw cursor.Refused($"has a {key} beyond {long.MaxValue}"),
    };

    private static int ByteSize(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 => 4,
        _ => 8,
    };
}
