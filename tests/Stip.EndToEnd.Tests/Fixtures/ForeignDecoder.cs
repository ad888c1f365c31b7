using System.Runtime.InteropServices;
using Google.Protobuf;
using Stip.Onnx.Model;

namespace Stip.EndToEnd.Tests.Fixtures;

/// <summary>A small decoder as other exporters write them: token ids, a mask and positions in, logits out, attention
/// over caches that grow, or over the whole text.</summary>
internal sealed class ForeignDecoder
{
    public const int Vocabulary = 40;
    public const int HeadSize = 4;
    private const int Layers = 3;
    private const int Heads = 3;
    private const int Width = Heads * HeadSize;
    private const int ContextLength = 64;

    private const int Float32 = (int)TensorProto.Types.DataType.Float;
    private const int Int64 = (int)TensorProto.Types.DataType.Int64;

    private readonly GraphProto _graph = new() { Name = "decoder" };
    private readonly Random _random = new(7);
    private readonly (string Ids, string Mask, string Past, string Present, string Logits) _names;

    private readonly bool _hasCache;
    private readonly bool _givesLast;

    private readonly object _texts;
    private readonly object _length;

    private ForeignDecoder(bool isRenamed, bool hasCache, bool givesLast, int? texts, int? length)
    {
        _names = isRenamed
            ? ("x0", "x1", "before", "after", "y0")
            : ("input_ids", "attention_mask", "past_key_values", "present", "logits");
        (_hasCache, _givesLast) = (hasCache, givesLast);
        (_texts, _length) = (texts ?? (object)"batch", length ?? (object)"seq");
    }

    /// <param name="path">Receives the graph.</param>
    /// <param name="isRenamed">Whether its ports have names that say nothing, but for positions.</param>
    /// <param name="hasCache">False for a graph of the same model that takes whole texts.</param>
    /// <param name="givesLast">Whether logits are those of the last token alone.</param>
    /// <param name="texts">Texts of a pass; null for any.</param>
    /// <param name="length">Tokens of each; null for any.</param>
    public static void Write(
        string path,
        bool isRenamed = false,
        bool hasCache = true,
        bool givesLast = false,
        int? texts = null,
        int? length = null) => new ForeignDecoder(isRenamed, hasCache, givesLast, texts, length).Write(path);

    private void Write(string path)
    {
        _graph.Input.Add(Port(_names.Ids, Int64, _texts, _length));
        _graph.Input.Add(Port(_names.Mask, Int64, _texts, _hasCache ? "total" : _length));
        _graph.Input.Add(Port("position_ids", Int64, _texts, _length));
        Add("Gather", "tokens", Weight("words", Vocabulary, Width), _names.Ids);
        Add("Gather", "places", Weight("places_table", ContextLength, Width), "position_ids");
        var stream = Add("Add", "rows", "tokens", "places");
        for (var layer = 0; layer < Layers; layer++)
        {
            Add("LayerNormalization", $"first{layer}", stream, Weight($"first{layer}_factor", Width));
            stream = Add("Add", $"stream{layer}", stream, Attention(layer, $"first{layer}"));
            Add("LayerNormalization", $"second{layer}", stream, Weight($"second{layer}_factor", Width));
            Add("MatMul", $"inner{layer}", $"second{layer}", Weight($"up{layer}", Width, 16));
            Add("Tanh", $"turned{layer}", $"inner{layer}");
            Add("MatMul", $"outer{layer}", $"turned{layer}", Weight($"down{layer}", 16, Width));
            stream = Add("Add", $"left{layer}", stream, $"outer{layer}");
        }

        Add("LayerNormalization", "last", stream, Weight("last_factor", Width));
        var rows = _givesLast ? Add("Gather", "final", ["last", Number(-1)], Int("axis", 1)) : "last";
        Add("MatMul", _names.Logits, rows, Weight("head", Width, Vocabulary));
        _graph.Output.Add(_givesLast
            ? Port(_names.Logits, Float32, _texts, Vocabulary)
            : Port(_names.Logits, Float32, _texts, _length, Vocabulary));
        var model = new ModelProto { IrVersion = 8, Graph = _graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        File.WriteAllBytes(path, model.ToByteArray());
    }

    private string Attention(int layer, string normed)
    {
        var query = Split($"query{layer}", normed);
        var key = Cached($"{layer}.key", $"key{layer}", normed);
        var value = Cached($"{layer}.value", $"value{layer}", normed);
        if (layer == 0)
        {
            Mask();
        }

        Add("Transpose", $"columns{layer}", [key], Ints("perm", 0, 1, 3, 2));
        Add("MatMul", $"scores{layer}", query, $"columns{layer}");
        Add("Add", $"seen{layer}", $"scores{layer}", "mask");
        Add("Softmax", $"shares{layer}", [$"seen{layer}"], Int("axis", -1));
        Add("MatMul", $"taken{layer}", $"shares{layer}", value);
        Add("Transpose", $"together{layer}", [$"taken{layer}"], Ints("perm", 0, 2, 1, 3));
        Add("Reshape", $"attended{layer}", $"together{layer}", Numbers(0, 0, Width));
        return Add("MatMul", $"attention{layer}", $"attended{layer}", Weight($"output{layer}", Width, Width));
    }

    // A token sees what stands before it and counts.
    private void Mask()
    {
        var past = _hasCache
            ? Add("Gather", "past", Add("Shape", "past_shape", $"{_names.Past}.0.key"), Number(2))
            : Number(0);

        Add("Shape", "rows_shape", "rows");
        Add("Gather", "count", "rows_shape", Number(1));
        Add("Add", "whole", past, "count");
        Add("Range", "new_places", past, "whole", Number(1));
        Add("Range", "all_places", Number(0), "whole", Number(1));
        Add("Unsqueeze", "lines", "new_places", Numbers(1));
        Add("LessOrEqual", "before", "all_places", "lines");
        Add("Cast", "counts", [_names.Mask], Int("to", (int)TensorProto.Types.DataType.Bool));
        Add("Unsqueeze", "wide", "counts", Numbers(1, 2));
        Add("And", "sees", "before", "wide");
        Add("Where", "mask", "sees", Float(0), Float(-1e4f));
    }

    private string Cached(string name, string value, string normed)
    {
        if (!_hasCache)
        {
            return Split(value, normed);
        }

        var (past, present) = ($"{_names.Past}.{name}", $"{_names.Present}.{name}");
        _graph.Input.Add(Port(past, Float32, "batch", Heads, "past_length", HeadSize));
        _graph.Output.Add(Port(present, Float32, "batch", Heads, "total", HeadSize));
        return Add("Concat", present, [past, Split(value, normed)], Int("axis", 2));
    }

    private string Split(string name, string normed)
    {
        Add("MatMul", name, normed, Weight($"{name}_weight", Width, Width));
        Add("Reshape", $"{name}_heads", name, Numbers(0, 0, Heads, HeadSize));
        return Add("Transpose", $"{name}_turned", [$"{name}_heads"], Ints("perm", 0, 2, 1, 3));
    }

    private string Add(string operation, string output, params string[] inputs) => Add(operation, output, inputs, []);

    private string Add(
        string operation, string output, string[] inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        var node = new NodeProto { Name = output, OpType = operation, Input = { inputs }, Output = { output } };
        node.Attribute.Add(attributes.ToArray());
        _graph.Node.Add(node);
        return output;
    }

    private string Weight(string name, params long[] shape)
    {
        var count = shape.Aggregate(1L, (product, length) => product * length);
        float[] values = [.. Enumerable.Range(0, (int)count).Select(_ => (2 * _random.NextSingle()) - 1)];
        var bytes = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values));
        return Tensor(new TensorProto { Name = name, DataType = Float32, RawData = bytes, Dims = { shape } });
    }

    private string Numbers(params long[] values) => Tensor(new TensorProto
    {
        Name = $"constant_{_graph.Initializer.Count}",
        DataType = Int64,
        Int64Data = { values },
        Dims = { values.Length },
    });

    private string Number(long value) => Tensor(new TensorProto
    {
        Name = $"constant_{_graph.Initializer.Count}",
        DataType = Int64,
        Int64Data = { value },
    });

    private string Float(float value) => Tensor(new TensorProto
    {
        Name = $"constant_{_graph.Initializer.Count}",
        DataType = Float32,
        FloatData = { value },
    });

    private string Tensor(TensorProto tensor)
    {
        _graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    private static AttributeProto Ints(string name, params long[] values) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { values } };

    private static AttributeProto Int(string name, long value) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    private static ValueInfoProto Port(string name, int type, params object[] axes)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(axes.Select(axis => axis is int length
            ? new TensorShapeProto.Types.Dimension { DimValue = length }
            : new TensorShapeProto.Types.Dimension { DimParam = (string)axis }));
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = type, Shape = shape } },
        };
    }
}
