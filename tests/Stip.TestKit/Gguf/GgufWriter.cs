using System.Text;

namespace Stip.TestKit.Gguf;

/// <summary>Writes GGUF files (version 3, little-endian): metadata, then tensors, each written when the file
/// is.</summary>
public sealed class GgufWriter
{
    private const int Alignment = 32;
    private const uint Version = 3;

    private readonly List<(string Key, object Value)> _metadata = [];
    private readonly List<Tensor> _tensors = [];

    /// <summary>Adds a metadata entry.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="value">A string, bool, int (written as uint32), float, or an array of string, float or int.</param>
    public GgufWriter Add(string key, object value)
    {
        _metadata.Add((key, value));
        return this;
    }

    /// <summary>Adds a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">How its elements are stored.</param>
    /// <param name="shape">Lengths of its axes, the outermost first; the last is whole blocks.</param>
    /// <param name="write">Writes exactly the bytes that type and shape ask for.</param>
    public GgufWriter AddTensor(string name, GgufType type, IReadOnlyList<long> shape, Action<Stream> write)
    {
        _tensors.Add(new Tensor(name, type, shape, write));
        return this;
    }

    /// <summary>Writes the file.</summary>
    public void Save(string path)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        Write(stream);
    }

    /// <summary>Writes the file to a stream that knows its position.</summary>
    public void Write(Stream stream)
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)_tensors.Count);
        writer.Write((ulong)_metadata.Count);
        foreach (var (key, value) in _metadata)
        {
            WriteText(writer, key);
            WriteValue(writer, value);
        }

        WriteTable(writer);
        foreach (var tensor in _tensors)
        {
            Align(writer);
            var start = stream.Position;
            tensor.Write(stream);
            if (stream.Position - start != tensor.ByteLength)
            {
                throw new InvalidOperationException(
                    $"tensor '{tensor.Name}' wrote {stream.Position - start} bytes of {tensor.ByteLength}");
            }
        }
    }

    private void WriteTable(BinaryWriter writer)
    {
        var offset = 0L;
        foreach (var tensor in _tensors)
        {
            WriteText(writer, tensor.Name);
            writer.Write((uint)tensor.Shape.Count);
            foreach (var length in tensor.Shape.Reverse())
            {
                writer.Write(length);
            }

            writer.Write(tensor.Type.Number);
            writer.Write(offset);
            offset = (offset + tensor.ByteLength + Alignment - 1) / Alignment * Alignment;
        }
    }

    private static void Align(BinaryWriter writer)
    {
        writer.Flush();
        writer.Write(new byte[(Alignment - writer.BaseStream.Position % Alignment) % Alignment]);
        writer.Flush();
    }

    private static void WriteValue(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case Array list:
                writer.Write(9u);
                writer.Write(ElementTypeOf(list.GetType().GetElementType()!));
                writer.Write((ulong)list.Length);
                foreach (var item in list)
                {
                    WriteOne(writer, item);
                }

                break;
            default:
                writer.Write(TypeOf(value.GetType()));
                WriteOne(writer, value);
                break;
        }
    }

    private static void WriteOne(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case string text:
                WriteText(writer, text);
                break;
            case bool flag:
                writer.Write(flag);
                break;
            case int number:
                writer.Write(number);
                break;
            case float number:
                writer.Write(number);
                break;
            default:
                throw new ArgumentException($"{value.GetType()} is no metadata");
        }
    }

    // Numbers of a list are int32 in model files, e.g. types of tokens, and llama.cpp takes no others.
    private static uint ElementTypeOf(Type type) => type == typeof(int) ? 5u : TypeOf(type);

    // uint32 for a number on its own, as model files have it.
    private static uint TypeOf(Type type) => type == typeof(string) ? 8u
        : type == typeof(bool) ? 7u
        : type == typeof(float) ? 6u
        : 4u;

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private sealed record Tensor(string Name, GgufType Type, IReadOnlyList<long> Shape, Action<Stream> Write)
    {
        public long ByteLength { get; } =
            Shape.Aggregate(1L, (product, length) => product * length) / Type.BlockLength * Type.BlockBytes;
    }
}
