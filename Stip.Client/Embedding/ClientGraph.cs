using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Stip.Client.Bundles;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Client.Embedding;

/// <summary>The client's part of a model where it is more than look-ups and sums: a small ONNX graph.</summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed class ClientGraph : IDisposable
{
    private readonly InferenceSession _session;
    // What does not fit is an exception; the runtime's own lines would stand among answers.
    private readonly RunOptions _runOptions = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };

    private ClientGraph(InferenceSession session, ClientGraphManifest manifest)
    {
        _session = session;
        Manifest = manifest;
    }

    /// <summary>Its inputs and outputs.</summary>
    public ClientGraphManifest Manifest { get; }

    /// <summary>The graph as it is loaded.</summary>
    public InferenceSession Session => _session;

    /// <param name="folder">The bundle's.</param>
    /// <param name="manifest">Names the file.</param>
    /// <param name="threads">Inside one operator; 0 (default) for one a core.</param>
    /// <exception cref="BundleException">The graph cannot be loaded.</exception>
    public static ClientGraph Load(string folder, ClientGraphManifest manifest, int threads = 0)
    {
        var path = Path.Combine(folder, manifest.File);
        if (Path.GetFileName(manifest.File) != manifest.File || !File.Exists(path))
        {
            throw new BundleException($"{path} is missing: the bundle's manifest names it");
        }

        try
        {
            using var options = new SessionOptions
            {
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
                IntraOpNumThreads = threads,
            };
            return new ClientGraph(new InferenceSession(path, options), manifest);
        }
        catch (OnnxRuntimeException fault)
        {
            throw new BundleException($"{path} cannot be loaded: {fault.Message.ReplaceLineEndings(" ")}", fault);
        }
    }

    /// <summary>Runs the graph on one input of floats, of whatever width the graph computes in.</summary>
    /// <param name="input">Name of the input.</param>
    /// <param name="values">Its values.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="output">Name of the output.</param>
    public (float[] Values, long[] Shape) Run(string input, float[] values, long[] shape, string output)
    {
        var type = _session.InputMetadata[input].ElementDataType;
        using var tensor = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, type, shape);
        TensorConversion.FromFloat32(values, TypeOf(type), tensor.GetTensorMutableRawData());
        using var results = _session.Run(_runOptions, [input], [tensor], [output]);
        var given = results[0].GetTensorTypeAndShape();
        var floats = new float[given.ElementCount];
        TensorConversion.ToFloat32(TypeOf(given.ElementDataType), results[0].GetTensorMutableRawData(), floats);
        return (floats, given.Shape);
    }

    private static TensorDtype TypeOf(TensorElementType type) => type switch
    {
        TensorElementType.Float16 => TensorDtype.Float16,
        TensorElementType.BFloat16 => TensorDtype.BFloat16,
        _ => TensorDtype.Float32,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }
}
