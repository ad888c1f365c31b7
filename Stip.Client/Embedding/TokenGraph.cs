using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Stip.Client.Bundles;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Client.Embedding;

/// <summary>A graph of the client's from token ids to permuted rows.</summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed class TokenGraph : IDisposable
{
    private const string Ids = "input_ids";
    private const string Mask = "attention_mask";

    private readonly ClientGraph _graph;
    // The runtime's own line about a row that is missing names the token.
    private readonly RunOptions _runOptions = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
    private readonly string[] _inputs;
    private readonly string _ids;
    private readonly string[] _rows;
    private readonly BundleManifest _bundle;
    private readonly bool _takesOne;

    private TokenGraph(ClientGraph graph, BundleManifest bundle)
    {
        (_graph, _bundle, _ids) = (graph, bundle, graph.Manifest.NameOf(Ids));
        _rows = [graph.Manifest.Outputs[0].Name];
        _inputs = [.. graph.Session.InputMetadata.Keys];
        _takesOne = graph.Session.InputMetadata[_ids].Dimensions is [_, 1];
    }

    /// <summary>Why a graph is not of this kind; null where it is.</summary>
    public static string? Fault(ClientGraphManifest manifest) =>
        manifest.Inputs.FirstOrDefault(input => !IsTaken(manifest, input.Name)) is { } input
            ? $"{manifest.File} takes '{input.Name}', and models that take more than tokens beside a decoder are not "
                + "served yet"
            : manifest.Inputs.All(input => input.Name != manifest.NameOf(Ids)) || manifest.Outputs is not [_]
                ? $"{manifest.File} does not turn {manifest.NameOf(Ids)} into rows alone"
                : null;

    /// <exception cref="BundleException">The graph cannot be loaded, or gives rows of another type than the bundle
    /// says.</exception>
    public static TokenGraph Load(string folder, ClientGraphManifest manifest, BundleManifest bundle)
    {
        var graph = ClientGraph.Load(folder, manifest, threads: 1);
        var session = graph.Session;
        if (session.InputMetadata.Keys.All(name => IsTaken(manifest, name))
            && session.InputMetadata.Values.All(port =>
                port.ElementDataType is TensorElementType.Int64 or TensorElementType.Int32)
            && session.OutputMetadata.TryGetValue(manifest.Outputs[0].Name, out var rows)
            && TypeOf(rows.ElementDataType)?.WireName() == bundle.WireDtype)
        {
            return new TokenGraph(graph, bundle);
        }

        graph.Dispose();
        throw new BundleException(
            $"{Path.Combine(folder, manifest.File)} does not turn {manifest.NameOf(Ids)} into rows in "
            + bundle.WireDtype);
    }

    /// <summary>Rows of tokens that follow each other, <c>[n, hidden]</c> in the wire's type, little-endian.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public byte[] Rows(ReadOnlySpan<int> tokenIds)
    {
        if (tokenIds.ContainsAnyExceptInRange(0, _bundle.VocabSize - 1))
        {
            // The id itself is the user's secret.
            throw new ArgumentOutOfRangeException(
                nameof(tokenIds), $"a token id is outside 0..{_bundle.VocabSize - 1}");
        }

        if (!_takesOne || tokenIds.Length < 2)
        {
            return Run(tokenIds);
        }

        // A graph of one step takes one token.
        using var rows = new MemoryStream();
        for (var i = 0; i < tokenIds.Length; i++)
        {
            rows.Write(Run(tokenIds.Slice(i, 1)));
        }

        return rows.ToArray();
    }

    private byte[] Run(ReadOnlySpan<int> tokenIds)
    {
        OrtValue[] values = new OrtValue[_inputs.Length];
        try
        {
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = Value(_inputs[i], tokenIds);
            }

            using var results = _graph.Session.Run(_runOptions, _inputs, values, _rows);
            var rows = results[0].GetTensorMutableRawData().ToArray();
            return rows.Length == tokenIds.Length * (long)_bundle.HiddenSize * Bytes()
                ? rows
                : throw new BundleException(
                    $"{_graph.Manifest.File} gives {rows.Length} bytes for {tokenIds.Length} tokens");
        }
        catch (OnnxRuntimeException)
        {
            // What the runtime says of a missing row names the token.
            throw new BundleException(
                $"{_graph.Manifest.File} cannot take {tokenIds.Length} tokens: the model has fewer positions, or no "
                + "row for one of them");
        }
        finally
        {
            Array.ForEach(values, value => value?.Dispose());
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _runOptions.Dispose();
        _graph.Dispose();
    }

    private static bool IsTaken(ClientGraphManifest manifest, string name) =>
        name == manifest.NameOf(Ids) || name == manifest.NameOf(Mask);

    private int Bytes() => TensorDtypes.TryParseWire(_bundle.WireDtype, out var dtype) ? dtype.ByteSize() : 0;

    // Ids, or ones where they are a mask: every token counts.
    private OrtValue Value(string name, ReadOnlySpan<int> tokenIds)
    {
        int[] numbers = name == _ids ? tokenIds.ToArray() : [.. Enumerable.Repeat(1, tokenIds.Length)];
        long[] shape = [1, numbers.Length];
        return _graph.Session.InputMetadata[name].ElementDataType == TensorElementType.Int64
            ? OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(numbers, number => (long)number), shape)
            : OrtValue.CreateTensorValueFromMemory(numbers, shape);
    }

    private static TensorDtype? TypeOf(TensorElementType type) => type switch
    {
        TensorElementType.Float => TensorDtype.Float32,
        TensorElementType.Float16 => TensorDtype.Float16,
        TensorElementType.BFloat16 => TensorDtype.BFloat16,
        _ => null,
    };
}
