using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>A graph without a cache.</summary>
internal sealed class OrtForwardGraph(InferenceSession session, DeviceGate? gate) : IForwardGraph
{
    // What a caller sent wrong is the caller's to know, and no line of a log with their numbers.
    private readonly RunOptions _runOptions = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };

    public IReadOnlyDictionary<string, TensorPayload> Run(IReadOnlyDictionary<string, TensorPayload> inputs)
    {
        var names = inputs.Keys.ToArray();
        var values = new List<OrtValue>();
        try
        {
            foreach (var name in names)
            {
                values.Add(ToOrt(inputs[name]));
            }

            using var pass = DeviceGate.Enter(gate);
            using var results = session.Run(_runOptions, names, values, session.OutputNames);
            return session.OutputNames.Zip(results).ToDictionary(pair => pair.First, pair => FromOrt(pair.Second));
        }
        catch (OnnxRuntimeException e) when (OrtFaults.IsOfMemory(e.Message))
        {
            throw new InsufficientMemoryException("the pass needs more memory than there is", e);
        }
        catch (OnnxRuntimeException e) when (OrtFaults.IsOfInputs(e.Message))
        {
            // An index beyond a table or a length that it was not made for. The runtime's words quote the input.
            throw new InvalidDataException("the graph cannot run inputs of these lengths and values", e);
        }
        finally
        {
            values.ForEach(value => value.Dispose());
        }
    }

    public void Dispose()
    {
        using var pass = DeviceGate.Enter(gate);
        _runOptions.Dispose();
        session.Dispose();
    }

    private static OrtValue ToOrt(TensorPayload tensor)
    {
        _ = TensorDtypes.TryParseWire(tensor.Dtype, out var dtype);
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, dtype.ToOrt(), [.. tensor.Shape]);
        tensor.Data.Span.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    private static TensorPayload FromOrt(OrtValue value)
    {
        var info = value.GetTensorTypeAndShape();
        var dtype = OrtDtypes.FromOrt(info.ElementDataType)
            ?? throw new GraphRefusedException(
                $"an output has type {info.ElementDataType}, which the wire does not carry");
        // Only where the graph's own words on its outputs say too little to tell before it runs.
        return info.ElementCount > Array.MaxLength / dtype.ByteSize()
            ? throw new InvalidDataException("the pass's outputs are larger than an answer can be")
            : new TensorPayload(dtype.WireName(), info.Shape, value.GetTensorMutableRawData().ToArray());
    }
}
