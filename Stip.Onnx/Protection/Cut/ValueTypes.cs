using System.Runtime.CompilerServices;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Element types and, where the graph states them, shapes of values inside a graph.</summary>
internal sealed class ValueTypes
{
    private readonly Dictionary<string, ValueInfoProto> _declared;
    private readonly Dictionary<string, NodeProto> _makers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorProto> _tensors;
    private readonly MovedShapes _moved;
    private readonly Dictionary<string, TensorShapeProto?> _shapes = new(StringComparer.Ordinal);

    public ValueTypes(GraphProto graph)
    {
        _declared = graph.ValueInfo.Concat(graph.Output).Concat(graph.Input)
            .Where(value => value.Type?.TensorType is { ElemType: > 0 })
            .GroupBy(value => value.Name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);
        _tensors = graph.Initializer.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            foreach (var output in node.Output.Where(output => output.Length > 0))
            {
                _makers[output] = node;
            }
        }

        _moved = new MovedShapes(ShapeOf, _makers, _tensors);
    }

    /// <summary>A declaration of a value as an input or output of a graph.</summary>
    /// <param name="name">Its name so far.</param>
    /// <param name="newName">Its name as an input or output.</param>
    public ValueInfoProto Describe(string name, string newName)
    {
        if (_declared.TryGetValue(name, out var declared))
        {
            return new ValueInfoProto { Name = newName, Type = declared.Type };
        }

        var tensor = new TypeProto.Types.Tensor { ElemType = (int)Of(name), Shape = Apart(ShapeOf(name), newName) };
        return new ValueInfoProto { Name = newName, Type = new TypeProto { TensorType = tensor } };
    }

    // ONNX Runtime takes axes of one name to be of one length: positions of a text are not those of a picture.
    private static TensorShapeProto? Apart(TensorShapeProto? shape, string name)
    {
        var own = shape?.Clone();
        foreach (var axis in own?.Dim.Where(axis => MovedShapes.IsMadeUp(axis.DimParam)) ?? [])
        {
            var prefix = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));
            axis.DimParam = $"{prefix}_{axis.DimParam}";
        }

        return own;
    }

    /// <summary>True where a value is known to hold no more than yes and no.</summary>
    public bool AreSwitches(string name)
    {
        try
        {
            return Of(name) == DataType.Bool;
        }
        catch (RefusedException)
        {
            return false;
        }
    }

    /// <summary>Axes that a node names, as an attribute or an input; none where it names none, null where they are
    /// computed.</summary>
    public IReadOnlyList<long>? AxesOf(NodeProto node)
    {
        if (node.Input.Count < 2 || node.Input[1].Length == 0)
        {
            return [.. node.Attribute.FirstOrDefault(attribute => attribute.Name == "axes")?.Ints ?? []];
        }

        return TensorNumbers.HeldIntegers(node.Input[1], HeldOf(node.Input[1])) is { } axes
            ? [.. axes.Select(axis => (long)axis)]
            : null;
    }

    /// <summary>The node that makes a value; null for inputs and initialisers.</summary>
    public NodeProto? MakerOf(string name) => _makers.GetValueOrDefault(name);

    /// <summary>An initialiser, or the tensor of a Constant node; null for any other value.</summary>
    public TensorProto? HeldOf(string name) => _tensors.GetValueOrDefault(name)
        ?? (_makers.TryGetValue(name, out var maker) ? HeldTensors.ValueOf(maker) : null);

    /// <summary>The shape of a value, null where nothing tells it. Rows have the axes of their ids and one more; a
    /// picture's features stand where the kernel's first axis says.</summary>
    public TensorShapeProto? ShapeOf(string name)
    {
        if (_declared.TryGetValue(name, out var declared))
        {
            return declared.Type.TensorType.Shape;
        }

        if (!_makers.TryGetValue(name, out var node))
        {
            return null;
        }

        // A residual stream is read many times.
        return _shapes.TryGetValue(name, out var known) ? known : _shapes[name] = ShapeOf(name, node);
    }

    private TensorShapeProto? ShapeOf(string name, NodeProto node)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new RefusedException($"node '{node.Name}' ({node.OpType}) comes after more nodes than are followed");
        }

        // Beside rows there may be one length a text, and the rows before their norm.
        var place = node.Output.IndexOf(name);
        if (place > 0 && !(Lookups.IsEmbedding(node) && place == 2))
        {
            return null;
        }

        return node.OpType switch
        {
            "Gather" when Lookups.GivesRows(node) && TableShape(node.Input[0]) is { Count: 2 } table =>
                Extended(ShapeOf(node.Input[1]), table[1]),
            _ when Lookups.IsEmbedding(node) =>
                Extended(ShapeOf(node.Input[0]), TensorShape(node.Input[2])?[1]),
            not "NhwcFusedConv" when Convolutions.KernelOf(node) is { } weight && TensorShape(weight) is { } kernel =>
                Convolved(kernel),
            "Cast" or "Identity" or "Dropout" or "LayerNormalization" or "SimplifiedLayerNormalization"
                or "RMSNormalization" or "Clip" or "Sqrt" or "Abs" or "Neg" or "Exp" or "Log" => ShapeOf(node.Input[0]),
            "Add" or "Sub" or "Mul" or "Div" or "Pow" => node.Input.Select(ShapeOf)
                .OrderByDescending(shape => shape?.Dim.Count ?? -1)
                .ThenByDescending(shape => shape?.Dim.LastOrDefault()?.DimValue ?? 0).First(),
            "MatMul" when TensorShape(node.Input[1]) is { Count: 2 } weight =>
                Multiplied(ShapeOf(node.Input[0]), weight[1]),
            "Range" => Counted(),
            "Shape" when node.Attribute.Count == 0 && ShapeOf(node.Input[0]) is { } shape => Sized(shape.Dim.Count),
            _ => _moved.Of(node),
        };
    }

    private static TensorShapeProto Counted()
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = MovedShapes.Positions(0) });
        return shape;
    }

    private static TensorShapeProto Sized(int rank)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = rank });
        return shape;
    }

    private static TensorShapeProto? Extended(TensorShapeProto? ids, long? width)
    {
        if (ids is null || width is not { } length)
        {
            return null;
        }

        var shape = ids.Clone();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = length });
        return shape;
    }

    private static TensorShapeProto? Multiplied(TensorShapeProto? rows, long width)
    {
        if (rows is null or { Dim.Count: 0 })
        {
            return null;
        }

        var shape = rows.Clone();
        shape.Dim[^1] = new TensorShapeProto.Types.Dimension { DimValue = width };
        return shape;
    }

    private static TensorShapeProto Convolved(IReadOnlyList<long> kernel)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "batch" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = kernel[0] });
        shape.Dim.Add(Enumerable.Range(2, kernel.Count - 2)
            .Select(axis => new TensorShapeProto.Types.Dimension { DimParam = MovedShapes.Positions(axis) }));
        return shape;
    }

    // A table may be stored in another type, or turned.
    private IReadOnlyList<long>? TableShape(string name) =>
        TensorShape(name) ?? (!_makers.TryGetValue(name, out var node) ? null : node.OpType switch
        {
            "Cast" or "Identity" or "DequantizeLinear" => TableShape(node.Input[0]),
            "Transpose" when TableShape(node.Input[0]) is [var rows, var columns] => [columns, rows],
            _ => null,
        });

    /// <summary>Declared dimensions of an initialiser, null for any other value.</summary>
    public IReadOnlyList<long>? TensorShape(string name) =>
        _tensors.TryGetValue(name, out var tensor) ? tensor.Dims : null;

    /// <exception cref="RefusedException">The type cannot be told.</exception>
    public DataType Of(string name)
    {
        if (_declared.TryGetValue(name, out var declared))
        {
            return (DataType)declared.Type.TensorType.ElemType;
        }

        if (_tensors.TryGetValue(name, out var tensor))
        {
            return (DataType)tensor.DataType;
        }

        return _makers.TryGetValue(name, out var node)
            ? OutputOf(node, node.Output.IndexOf(name))
            : throw new RefusedException($"the type of '{name}' cannot be told from the graph");
    }

    private DataType OutputOf(NodeProto node, int place) => node.OpType switch
    {
        // An index of masks, scales and the like beside what an operator is for.
        "EmbedLayerNormalization" or "QEmbedLayerNormalization" when place == 1 => DataType.Int32,
        "TopK" or "MaxPool" or "Unique" when place > 0 => DataType.Int64,
        "DynamicQuantizeLinear" when place == 1 => DataType.Float,
        "Shape" or "Size" or "NonZero" or "ArgMax" or "ArgMin" => DataType.Int64,
        "Equal" or "Less" or "Greater" or "LessOrEqual" or "GreaterOrEqual" or "And" or "Or" or "Xor" or "Not"
            or "IsNaN" or "IsInf" => DataType.Bool,
        "Cast" => (DataType)node.Attribute.First(attribute => attribute.Name == "to").I,
        "Constant" or "ConstantOfShape" =>
            (DataType)(node.Attribute.FirstOrDefault(attribute => attribute.Name == "value")?.T?.DataType
                ?? (int)(node.OpType == "Constant" ? DataType.Int64 : DataType.Float)),
        "ConvInteger" or "MatMulInteger" => DataType.Int32,
        "QLinearConv" or "QLinearMatMul" => Of(node.Input[7]),
        "QuantizeLinear" when node.Input.Count > 2 => Of(node.Input[2]),
        "QuantizeLinear" or "DynamicQuantizeLinear" => DataType.Uint8,
        "CastLike" or "DequantizeLinear" or "Where" => Of(node.Input[1]),
        "GatherBlockQuantized" or "EmbedLayerNormalization" => Of(node.Input[2]),
        "OneHot" => Of(node.Input[2]),
        "QEmbedLayerNormalization" => DataType.Float,

        // Layers of the runtime take ids and give features.
        _ when node.Domain.Length > 0 => node.Input.Where(input => input.Length > 0).Select(Of)
            .FirstOrDefault(ElementTypes.IsFloat, Of(node.Input[0])),
        _ => Of(node.Input[0]),
    };
}
