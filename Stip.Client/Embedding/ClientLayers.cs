using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Stip.Client.Bundles;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Client.Embedding;

/// <summary>The first layers of a decoder or an encoder of texts, where they are the data owner's: between the tables
/// and what is sent.</summary>
/// <remarks>Safe for concurrent use; its sequences are not.</remarks>
internal sealed class ClientLayers : IDisposable
{
    private const string Mask = "attention_mask";

    private readonly ClientGraph _graph;
    private readonly RunOptions _options = new();

    private ClientLayers(ClientGraph graph) => _graph = graph;

    public InferenceSession Session => _graph.Session;

    /// <exception cref="BundleException">The graph cannot be loaded, or is not of layers.</exception>
    public static ClientLayers Open(string folder, ClientGraphManifest manifest)
    {
        var graph = ClientGraph.Load(folder, manifest);
        if (graph.Session.InputMetadata.ContainsKey(ClientLayersSequence.Rows)
            && graph.Session.OutputMetadata.ContainsKey(ClientLayersSequence.Output))
        {
            return new ClientLayers(graph);
        }

        graph.Dispose();
        throw new BundleException($"{Path.Combine(folder, manifest.File)} is not a graph of first layers");
    }

    /// <summary>A sequence of its own.</summary>
    /// <param name="maxLength">Most tokens of it.</param>
    public ClientLayersSequence OpenSequence(int maxLength) => new(this, maxLength);

    /// <summary>One pass of layers without caches.</summary>
    /// <param name="rows">Rows of the tables <c>[batch, seq, hidden]</c>.</param>
    /// <param name="mask"><c>[batch, seq]</c>, 1 where a row counts.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="length">Rows of each.</param>
    /// <returns>Rows for the server <c>[batch, seq, hidden]</c>.</returns>
    public float[] Pass(float[] rows, long[] mask, int batch, int length)
    {
        var inputs = Session.InputMetadata;
        var type = inputs[ClientLayersSequence.Rows].ElementDataType;
        using var given = Value(rows, type, [batch, length, rows.Length / batch / length]);
        using var counted = OrtValue.CreateTensorValueFromMemory(mask, [batch, length]);
        var takesMask = inputs.ContainsKey(Mask);
        using var results = Session.Run(
            _options,
            takesMask ? [ClientLayersSequence.Rows, Mask] : [ClientLayersSequence.Rows],
            takesMask ? [given, counted] : [given],
            [ClientLayersSequence.Output]);
        var bytes = results[0].GetTensorMutableRawData();
        var dtype = OfSession(results[0].GetTensorTypeAndShape().ElementDataType);
        var sent = new float[bytes.Length / dtype.ByteSize()];
        TensorConversion.ToFloat32(dtype, bytes, sent);
        return sent;
    }

    public void Dispose()
    {
        _options.Dispose();
        _graph.Dispose();
    }

    private static OrtValue Value(float[] rows, TensorElementType type, long[] shape)
    {
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, type, shape);
        TensorConversion.FromFloat32(rows, OfSession(type), value.GetTensorMutableRawData());
        return value;
    }

    private static TensorDtype OfSession(TensorElementType type) => type switch
    {
        TensorElementType.Float16 => TensorDtype.Float16,
        TensorElementType.BFloat16 => TensorDtype.BFloat16,
        _ => TensorDtype.Float32,
    };
}
