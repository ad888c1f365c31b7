using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Api.Engine.Forward;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>A graph without a cache.</summary>
internal sealed class OrtForwardGraph(InferenceSession session, DeviceGate? gate) : IForwardGraph
{
    // Of inputs. What a pass of more left in the arena is as large as its whole work, and to take it anew costs little
    // beside that work.
    private const long MostKeptBytes = 8 << 20;
    private readonly RunOptions _keeping = Options();
    private readonly RunOptions _shrinking = Shrinking();

    public PassOutputs Run(IReadOnlyDictionary<string, TensorPayload> inputs)
    {
        var names = inputs.Keys.ToArray();
        TensorPayload[] tensors = [.. names.Select(name => inputs[name])];
        using var given = new OrtInputs(tensors);
        try
        {
            using var pass = DeviceGate.Enter(gate);
            var isLarge = tensors.Sum(tensor => (long)tensor.Data.Length) > MostKeptBytes;
            return OrtOutputs.Of(
                session.OutputNames,
                session.Run(isLarge ? _shrinking : _keeping, names, given.Values, session.OutputNames),
                tensors);
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
    }

    public void Dispose()
    {
        using var pass = DeviceGate.Enter(gate);
        _keeping.Dispose();
        _shrinking.Dispose();
        session.Dispose();
    }

    // What a caller sent wrong is the caller's to know, and no line of a log with their numbers.
    private static RunOptions Options() => new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };

    private static RunOptions Shrinking()
    {
        var options = Options();
        options.AddRunConfigEntry("memory.enable_memory_arena_shrinkage", "cpu:0");
        return options;
    }
}
