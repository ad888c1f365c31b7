using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Stip.Api.Runtime.Reduction;

/// <summary>Collects the nodes of a small graph and writes it as an ONNX model. Field numbers are those of onnx.proto.
/// </summary>
internal sealed class OnnxGraphWriter
{
    private const int IrVersion = 8;
    private const int Opset = 17;
    private const int IntAttribute = 2; // AttributeProto.AttributeType.INT
    private readonly OnnxBytes _graph = new OnnxBytes().Text(2, "reduction");

    public void Input(string name, TensorElementType type, params object[] shape) =>
        _graph.Message(11, Value(name, type, shape));

    public void Output(string name, TensorElementType type, params object[] shape) =>
        _graph.Message(12, Value(name, type, shape));

    public void Constant(string name, long[] values, params long[] shape) => _graph.Message(
        5, Tensor(name, TensorElementType.Int64, shape).Bytes(9, MemoryMarshal.AsBytes<long>(values)));

    public void Constant(string name, double[] values, params long[] shape) =>
        _graph.Message(5, Tensor(name, TensorElementType.Double, shape).Raw(9, values));

    /// <summary>Adds a node.</summary>
    /// <param name="op">Of the operators of ONNX.</param>
    /// <param name="inputs">Names, separated by spaces.</param>
    /// <param name="outputs">Names, separated by spaces.</param>
    /// <param name="attributes">Whole numbers.</param>
    public void Node(
        string op, string inputs, string outputs, params ReadOnlySpan<(string Name, long Value)> attributes)
    {
        var node = new OnnxBytes();
        foreach (var input in inputs.Split(' '))
        {
            node.Text(1, input);
        }

        foreach (var output in outputs.Split(' '))
        {
            node.Text(2, output);
        }

        node.Text(4, op);
        foreach (var (name, value) in attributes)
        {
            node.Message(5, new OnnxBytes().Text(1, name).Number(3, value).Number(20, IntAttribute));
        }

        _graph.Message(1, node);
    }

    public byte[] Write() => new OnnxBytes()
        .Number(1, IrVersion).Text(2, "stip").Message(7, _graph).Message(8, new OnnxBytes().Number(2, Opset)).ToArray();

    private static OnnxBytes Tensor(string name, TensorElementType type, long[] shape)
    {
        var tensor = new OnnxBytes();
        foreach (var axis in shape)
        {
            tensor.Number(1, axis);
        }

        return tensor.Number(2, (int)type).Text(8, name);
    }

    // A number for a fixed axis, a name for a free one.
    private static OnnxBytes Value(string name, TensorElementType type, object[] shape)
    {
        var axes = new OnnxBytes();
        foreach (var axis in shape)
        {
            axes.Message(1, axis is string free
                ? new OnnxBytes().Text(2, free)
                : new OnnxBytes().Number(1, Convert.ToInt64(axis, null)));
        }

        var tensor = new OnnxBytes().Number(1, (int)type).Message(2, axes);
        return new OnnxBytes().Text(1, name).Message(2, new OnnxBytes().Message(1, tensor));
    }
}
