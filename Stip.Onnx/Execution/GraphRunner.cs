using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Execution;

/// <summary>Runs any ONNX graph on the CPU: named tensors in, named tensors out.</summary>
public sealed class GraphRunner : IDisposable
{
    private readonly InferenceSession _session;

    // Exceptions say what failed; the runtime need not say it once more.
    private readonly RunOptions _runOptions = new()
    {
        LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
    };

    /// <summary>Loads a graph, exactly: no rounding beyond what the graph itself asks for.</summary>
    /// <param name="path">The ONNX file; its external data lies beside it.</param>
    /// <param name="threads">Threads of one operator; 0 leaves the choice to ONNX Runtime.</param>
    /// <exception cref="OnnxRuntimeException">The graph cannot be loaded.</exception>
    public GraphRunner(string path, int threads = 0)
        : this(ExactSession.Load(path, threads))
    {
    }

    /// <summary>Loads a graph that no file holds; its external data lies in a folder.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="folder">Where its external data lies.</param>
    /// <param name="asWritten">True to run node for node what the graph says, nothing fused.</param>
    /// <param name="memory">What may be made of weights beforehand.</param>
    internal GraphRunner(
        ModelProto model, string folder, bool asWritten = false, WeightMemory memory = WeightMemory.Prepared)
        : this(ExactSession.Load(model.ToByteArray(), folder, asWritten, memory))
    {
    }

    private GraphRunner(InferenceSession session)
    {
        _session = session;
        Inputs = [.. _session.InputNames.Select(name => OrtTensors.Describe(name, _session.InputMetadata[name]))];
        Outputs = [.. _session.OutputNames.Select(name => OrtTensors.Describe(name, _session.OutputMetadata[name]))];
    }

    /// <summary>Inputs in graph order.</summary>
    public IReadOnlyList<GraphPort> Inputs { get; }

    /// <summary>Outputs in graph order.</summary>
    public IReadOnlyList<GraphPort> Outputs { get; }

    /// <summary>Runs the graph once.</summary>
    /// <param name="inputs">One tensor for every input; floats and integers are converted to the type of the
    /// input.</param>
    /// <param name="outputs">Names of the outputs wanted; null for all.</param>
    /// <returns>The outputs by name, in graph order.</returns>
    /// <exception cref="ArgumentException">An input is missing.</exception>
    /// <exception cref="RefusedException">The type of an input, or one of its numbers, does not fit the graph.
    /// </exception>
    /// <exception cref="OnnxRuntimeException">The graph refuses the inputs.</exception>
    public IReadOnlyDictionary<string, HostTensor> Run(
        IReadOnlyDictionary<string, HostTensor> inputs, IReadOnlyCollection<string>? outputs = null)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        var names = Inputs.Select(port => port.Name).ToArray();
        var wanted = outputs ?? [.. _session.OutputNames];
        var values = new List<OrtValue>(names.Length);
        try
        {
            foreach (var port in Inputs)
            {
                var tensor = inputs.TryGetValue(port.Name, out var given)
                    ? given
                    : throw new ArgumentException($"the graph needs an input '{port.Name}'", nameof(inputs));
                values.Add(OrtTensors.FromHost(As(port, tensor)));
            }

            using var results = _session.Run(_runOptions, names, values, wanted);
            return wanted.Zip(results).ToDictionary(pair => pair.First, pair => OrtTensors.ToHost(pair.Second));
        }
        finally
        {
            values.ForEach(value => value.Dispose());
        }
    }

    private static HostTensor As(GraphPort port, HostTensor tensor)
    {
        try
        {
            return tensor.ConvertTo(port.Dtype);
        }
        catch (ArgumentException e)
        {
            throw new RefusedException(
                $"input '{port.Name}' is {tensor.Dtype.WireName()}; the graph takes {port.Dtype.WireName()}", e);
        }
        catch (OverflowException e)
        {
            throw new RefusedException(
                $"input '{port.Name}' has numbers that do not fit the graph's {port.Dtype.WireName()}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }
}
