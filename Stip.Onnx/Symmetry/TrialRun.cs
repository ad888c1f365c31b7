using Microsoft.ML.OnnxRuntime;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;
using Stip.Protocol.Tensors;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// Runs one node on ONNX Runtime: for the shapes that it gives, where the graph does not state them and no rule knows,
/// and for its numbers, where all that it takes are numbers. Features and weights are ones here, which tell nothing of
/// the model.
/// </summary>
internal static class TrialRun
{
    private const long MostCells = 1 << 24;

    // Types that features may have, the likeliest first: labels do not tell.
    private static readonly DataType[] FeatureTypes =
        [DataType.Float, DataType.Float16, DataType.Uint8, DataType.Int8, DataType.Int64, DataType.Bool];

    /// <summary>The outputs in order, null where one is not wanted.</summary>
    /// <exception cref="RefusedException">The runtime does not run the node.</exception>
    public static IReadOnlyList<HostTensor?> Run(ModelProto model, NodeProto node, IReadOnlyList<Value?> inputs)
    {
        Exception fault = new NotSupportedException("a sequence, or too many numbers");
        var isLarge = inputs.Any(input => input is SequenceValue || (input is not null && Count(input) > MostCells));
        foreach (var type in isLarge ? [] : inputs.Any(input => input is LabelValue) ? FeatureTypes : FeatureTypes[..1])
        {
            try
            {
                return Run(model, node, inputs, type);
            }
            catch (Exception e) when (e is OnnxRuntimeException or ArgumentException or NotSupportedException)
            {
                // Features of another type, or a node that this runtime does not know.
                fault = e;
            }
        }

        throw new RefusedException("the runtime does not run it", fault);
    }

    /// <summary>What a node gives that takes numbers only; null where it takes others or does not run.</summary>
    public static IReadOnlyList<KnownValue?>? Numbers(ModelProto model, NodeProto node, IReadOnlyList<Value?> inputs)
    {
        if (!inputs.All(input => input is null or KnownValue)
            || node.OpType is "Bernoulli" or "Multinomial"
            || node.OpType.StartsWith("Random", StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            var origin = KnownValue.OriginOf(inputs);
            return [.. Run(model, node, inputs).Select(tensor => tensor is null ? null : new KnownValue(
                [.. tensor.Shape.Select(length => checked((int)length))],
                NumbersOf(tensor),
                tensor.Dtype.ToOnnx(),
                origin))];
        }
        catch (Exception e) when (e is RefusedException or ArgumentException)
        {
            return null;
        }
    }

    private static IReadOnlyList<HostTensor?> Run(
        ModelProto model, NodeProto node, IReadOnlyList<Value?> inputs, DataType features)
    {
        var graph = new GraphProto { Name = "trial", Node = { node } };
        var given = new Dictionary<string, HostTensor>(StringComparer.Ordinal);
        foreach (var (name, input) in node.Input.Zip(inputs).Where(entry => entry.Second is not null)
            .DistinctBy(entry => entry.First))
        {
            var type = input switch
            {
                KnownValue known => known.Type,
                WeightValue weight => weight.Weight.Tensor.Type,
                _ => features,
            };
            given[name] = Filled(input!, OnnxDtypes.FromOnnx((int)type)
                ?? throw new NotSupportedException($"numbers of type {type}"));
            graph.Input.Add(new ValueInfoProto
            {
                Name = name,
                Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type } },
            });
        }

        graph.Output.Add(node.Output.Where(output => output.Length > 0)
            .Select(output => new ValueInfoProto { Name = output }));
        var trial = new ModelProto { IrVersion = model.IrVersion, Graph = graph };
        trial.OpsetImport.Add(model.OpsetImport);
        trial.Functions.Add(model.Functions);
        using var runner = new GraphRunner(trial, "", asWritten: true);
        var results = runner.Run(given);
        return [.. node.Output.Select(output => output.Length == 0 ? null : results[output])];
    }

    private static long Count(Value value) => value.Shape.Aggregate(1L, (product, length) => product * length);

    private static HostTensor Filled(Value value, TensorDtype dtype)
    {
        long[] shape = [.. value.Shape.Select(length => (long)length)];
        double[] numbers = value is KnownValue known ? known.Numbers
            : [.. Enumerable.Repeat(1.0, checked((int)Count(value)))];
        if (dtype.IsWireFloat())
        {
            return HostTensor.FromFloats([.. numbers.Select(number => (float)number)], shape).ConvertTo(dtype);
        }

        return dtype is TensorDtype.Int32 or TensorDtype.Int64
            ? HostTensor.FromIntegers([.. numbers.Select(number => (long)number)], shape).ConvertTo(dtype)
            : dtype.ByteSize() == 1
                ? new HostTensor(dtype, shape, [.. numbers.Select(number => (byte)number)])
                : throw new NotSupportedException($"numbers of type {dtype}");
    }

    private static double[] NumbersOf(HostTensor tensor) => tensor.Dtype.IsWireFloat()
        ? [.. tensor.ToFloats().Select(number => (double)number)]
        : tensor.Dtype is TensorDtype.Bool or TensorDtype.UInt8 ? [.. tensor.Bytes.Select(number => (double)number)]
        : [.. tensor.ToIntegers().Select(number => (double)number)];
}
