using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Stip.Onnx.Model;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Export.Tests.Fixtures;

/// <summary>How many bytes of a graph's weights really moved, told from the bytes alone: not by name, and not by what
/// the tool says. A matrix whose rows are the plain matrix's rows kept its last axis in place, and one whose columns
/// are, its first; each is half of it.</summary>
internal sealed class MovedBytes
{
    private const int Fewest = 64; // bytes: what is smaller is hardly a weight
    private const int FewestValues = 8; // in a table of fewer values a move does not show
    private const int LooksAt = 4096; // bytes that are looked through for values
    private readonly HashSet<string> _plain = [];

    /// <param name="plainGraph">The graph before.</param>
    public MovedBytes(string plainGraph)
    {
        using var file = ModelFile.Load(plainGraph);
        foreach (var tensor in Weights(file))
        {
            _plain.UnionWith(Marks(tensor));
        }
    }

    /// <summary>Bytes that were looked at.</summary>
    public double Total { get; private set; }

    /// <summary>Bytes of those that moved.</summary>
    public double Moved { get; private set; }

    /// <summary>Counts the weights of a protected graph.</summary>
    public void Add(string movedGraph)
    {
        using var file = ModelFile.Load(movedGraph);
        foreach (var tensor in Weights(file).Where(tensor => Shows(tensor) && !IsTableOfAngles(tensor)))
        {
            var marks = Marks(tensor).ToList();
            var stays = _plain.Contains(marks[0]) ? 1
                : marks.Skip(1).Count(_plain.Contains) / 2.0;
            Total += tensor.ByteLength;
            Moved += tensor.ByteLength * (1 - stays);
        }
    }

    private static IEnumerable<GraphTensor> Weights(ModelFile file) =>
        file.Tensors.Where(tensor => tensor.ByteLength >= Fewest && ElementBytes(tensor.Type) > 0);

    private static int ElementBytes(DataType type) => type switch
    {
        DataType.Double => 8,
        DataType.Float => 4,
        DataType.Float16 or DataType.Bfloat16 => 2,
        DataType.Uint8 or DataType.Int8 or DataType.Uint4 or DataType.Int4 => 1,
        _ => 0,
    };

    // The whole, its rows in any order, its columns in any order; the length keeps others apart.
    private static IEnumerable<string> Marks(GraphTensor tensor)
    {
        var (bytes, element) = (tensor.Bytes().ToArray(), ElementBytes(tensor.Type));
        int[] shape = [.. tensor.Shape.Where(length => length != 1)];
        yield return Mark("all", bytes);
        if (shape.Length < 2 || bytes.Length % element != 0)
        {
            yield break;
        }

        // 4-bit numbers lie two in a byte.
        var packed = tensor.ElementCount * element / bytes.Length;
        var row = (int)(shape[^1] * element / packed);
        if (row >= 2 * element && bytes.Length % row == 0 && bytes.Length > row)
        {
            yield return Mark("rows", Sorted(bytes.Chunk(row)));
        }

        var stride = bytes.Length / shape[0];
        if (stride >= 2 * element && bytes.Length % shape[0] == 0 && stride % element == 0)
        {
            yield return Mark("columns", Sorted(Enumerable.Range(0, stride / element).Select(column =>
                Enumerable.Range(0, shape[0]).SelectMany(index =>
                    bytes.AsSpan((index * stride) + (column * element), element).ToArray()).ToArray())));
        }
    }

    private static byte[] Sorted(IEnumerable<byte[]> pieces) => [.. pieces
        .Select(piece => Convert.ToHexString(SHA256.HashData(piece))).Order(StringComparer.Ordinal)
        .SelectMany(Convert.FromHexString)];

    private static string Mark(string what, byte[] bytes) =>
        $"{what} {bytes.Length} {Convert.ToHexString(SHA256.HashData(bytes))}";

    private static bool Shows(GraphTensor tensor) =>
        tensor.Bytes(0, (int)Math.Min(LooksAt, tensor.ByteLength)).ToArray().Chunk(ElementBytes(tensor.Type))
            .Select(Convert.ToHexString).Distinct().Count() >= FewestValues;

    // Cosines and sines of positions are no weights: the first row all ones or all zeros, nothing beyond 1.
    private static bool IsTableOfAngles(GraphTensor tensor)
    {
        int[] shape = [.. tensor.Shape.Where(length => length != 1)];
        if (shape is not [>= 8, var width] || tensor.Type is not (DataType.Float or DataType.Float16))
        {
            return false;
        }

        float[] values = tensor.Type == DataType.Float
            ? [.. MemoryMarshal.Cast<byte, float>(tensor.Bytes())]
            : [.. MemoryMarshal.Cast<byte, Half>(tensor.Bytes()).ToArray().Select(value => (float)value)];
        return values[0] is 0 or 1 && Array.TrueForAll(values[..width], value => value == values[0])
            && Array.TrueForAll(values, value => MathF.Abs(value) <= 1.001f);
    }
}
