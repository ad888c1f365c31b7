using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Stip.Client.Bundles;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Client.Embedding;

/// <summary>The first part of a text model of another exporter where it is more than tables: a graph from token ids to
/// what is sent, often with first layers and, of a decoder, their caches.</summary>
/// <remarks>Safe for concurrent use; its sequences are not.</remarks>
internal sealed class TokenLayers : IDisposable
{
    private readonly ClientGraph _graph;
    private readonly BundleManifest _bundle;

    // The runtime's own line about a row that is missing names the token.
    private readonly RunOptions _runOptions = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };

    private TokenLayers(ClientGraph graph, BundleManifest bundle)
    {
        (_graph, _bundle) = (graph, bundle);
        Ports = TokenPorts.Of(graph.Manifest);
        Caches = [.. (graph.Manifest.Caches ?? []).Select(GrowingCache.Of)];
        Inputs = [.. graph.Session.InputMetadata.Keys];
    }

    /// <summary>Names of inputs and of the rows.</summary>
    public TokenPorts Ports { get; }

    /// <summary>Names of all inputs.</summary>
    public string[] Inputs { get; }

    /// <summary>True for a graph of one token.</summary>
    public bool TakesOneToken => _graph.Session.InputMetadata[Ports.Ids].Dimensions is [_, 1];

    /// <summary>Texts of a pass where it is a fixed number of them; 1 for any.</summary>
    public int Texts => Math.Max(1, _graph.Session.InputMetadata[Ports.Ids].Dimensions[0]);

    /// <summary>What its layers keep of a sequence; empty where they keep nothing.</summary>
    public IReadOnlyList<GrowingCache> Caches { get; }

    /// <summary>Why a graph is not of this kind; null where it is. Nothing is loaded.</summary>
    /// <param name="manifest">The graph.</param>
    /// <param name="layers">First layers that are in it; null for none.</param>
    /// <param name="keeps">True where its layers keep what they made of earlier tokens.</param>
    public static string? Fault(ClientGraphManifest manifest, int? layers, bool keeps)
    {
        if (manifest is { File: null } or { Inputs: null } or { Outputs: null }
            || manifest.Caches?.All(cache => cache is { Past: not null, Present: not null, Axes: not null }) == false)
        {
            return "a client graph without file, inputs and outputs, or a cache without past, present and axes";
        }

        if (layers is not null && keeps && manifest.Caches is null)
        {
            return $"{manifest.File} has {layers} layers and bundle.json does not list their caches: protect the model "
                + "again";
        }

        var ports = TokenPorts.Of(manifest);
        string[] taken = [.. ports.Inputs, .. (manifest.Caches ?? []).Select(cache => cache.Past)];
        string[] given = [ports.Rows, .. (manifest.Caches ?? []).Select(cache => cache.Present)];
        return manifest.Inputs.All(input => input.Name != ports.Ids)
                || manifest.Outputs.All(output => output.Name != ports.Rows)
            ? $"{manifest.File} does not turn {ports.Ids} into {ports.Rows}"
            : manifest.Inputs.FirstOrDefault(input => !taken.Contains(input.Name)) is { } input
                ? $"{manifest.File} takes '{input.Name}', which is none of ids, mask, positions, types and caches"
            : manifest.Outputs.FirstOrDefault(output => !given.Contains(output.Name)) is { } output
                ? $"{manifest.File} gives '{output.Name}' beside {ports.Rows}, which no server takes"
            : (manifest.Caches ?? []).FirstOrDefault(cache => !GrowingCache.IsRegular(cache)) is { } odd
                ? $"the axes of cache '{odd.Past}' are not lengths, one 'length' and at most one 'batch'"
            : null;
    }

    /// <exception cref="BundleException">The graph cannot be loaded, or is not what the manifest says.</exception>
    public static TokenLayers Load(string folder, ClientGraphManifest manifest, BundleManifest bundle)
    {
        var layers = new TokenLayers(ClientGraph.Load(folder, manifest), bundle);
        if (layers.Misfit() is not { } misfit)
        {
            return layers;
        }

        layers.Dispose();
        throw new BundleException($"{Path.Combine(folder, manifest.File)} {misfit}");
    }

    /// <summary>A sequence of its own.</summary>
    public TokenLayersSequence OpenSequence() => new(this);

    /// <summary>One pass over texts that nothing is kept of.</summary>
    /// <param name="ids">Token ids <c>[batch, seq]</c>.</param>
    /// <param name="types">Segments <c>[batch, seq]</c>.</param>
    /// <param name="mask"><c>[batch, seq]</c>, 1 where a token counts.</param>
    /// <param name="batch">Texts.</param>
    /// <param name="length">Tokens of each.</param>
    /// <returns>Rows for the server <c>[batch, seq, hidden]</c>.</returns>
    public float[] Pass(long[] ids, long[] types, long[] mask, int batch, int length)
    {
        var values = new List<OrtValue>(Inputs.Length);
        try
        {
            values.AddRange(Inputs.Select(name => Integers(
                name,
                name == Ports.Ids ? ids
                    : name == Ports.Types ? types
                    : name == Ports.Positions ? [.. ids.Select((_, place) => (long)(place % length))]
                    : mask,
                batch, length)));
            return Floats(Run(values, [Ports.Rows], batch * length)[0]);
        }
        finally
        {
            values.ForEach(value => value.Dispose());
        }
    }

    /// <summary>Runs the graph.</summary>
    /// <param name="values">Of <see cref="Inputs"/>; they stay the caller's.</param>
    /// <param name="outputs">Names of the outputs, that of the rows first.</param>
    /// <param name="tokens">How many tokens it is.</param>
    /// <returns>The outputs, which are the caller's.</returns>
    /// <exception cref="BundleException">The graph cannot take them.</exception>
    public IReadOnlyList<OrtValue> Run(
        IReadOnlyCollection<OrtValue> values, IReadOnlyCollection<string> outputs, int tokens)
    {
        OrtValue[] results;
        try
        {
            results = [.. _graph.Session.Run(_runOptions, Inputs, values, outputs)];
        }
        catch (OnnxRuntimeException)
        {
            // What the runtime says of a missing row names the token.
            throw new BundleException(
                $"{_graph.Manifest.File} cannot take {tokens} tokens: the model has fewer positions, or no row for one "
                + "of them");
        }

        if (results[0].GetTensorMutableRawData().Length == (long)tokens * _bundle.HiddenSize * RowType.ByteSize())
        {
            return results;
        }

        Array.ForEach(results, result => result.Dispose());
        throw new BundleException($"{_graph.Manifest.File} does not give a row for each of {tokens} tokens");
    }

    /// <summary>Integers in the type that an input has.</summary>
    public OrtValue Integers(string name, long[] numbers, params long[] shape) =>
        _graph.Session.InputMetadata[name].ElementDataType == TensorElementType.Int64
            ? OrtValue.CreateTensorValueFromMemory(numbers, shape)
            : OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(numbers, number => (int)number), shape);

    /// <summary>A cache of so many tokens of one sequence, whose bytes the caller writes.</summary>
    public OrtValue Allocate(GrowingCache cache, int tokens) => OrtValue.CreateAllocatedTensorValue(
        OrtAllocator.DefaultInstance, _graph.Session.InputMetadata[cache.Past].ElementDataType, cache.Shape(tokens));

    /// <summary>Refuses ids that are not the model's; the id itself is the user's secret.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is.</exception>
    public void CheckIds(ReadOnlySpan<int> tokenIds)
    {
        // An encoder's vocabulary is what it tells apart; its ids are those that the graph has rows for.
        var most = _bundle.Kind == BundleKinds.Encoder ? int.MaxValue : _bundle.VocabSize - 1;
        if (tokenIds.ContainsAnyExceptInRange(0, most))
        {
            throw new ArgumentOutOfRangeException(nameof(tokenIds), $"a token id is outside 0..{most}");
        }
    }

    public void Dispose()
    {
        _runOptions.Dispose();
        _graph.Dispose();
    }

    private TensorDtype RowType => TypeOf(_graph.Session.OutputMetadata[Ports.Rows].ElementDataType)!.Value;

    private float[] Floats(OrtValue rows)
    {
        using (rows)
        {
            var bytes = rows.GetTensorMutableRawData();
            var floats = new float[bytes.Length / RowType.ByteSize()];
            TensorConversion.ToFloat32(RowType, bytes, floats);
            return floats;
        }
    }

    // Manifests are written beside the graph, and may have been taken from elsewhere.
    private string? Misfit()
    {
        var (inputs, outputs) = (_graph.Session.InputMetadata, _graph.Session.OutputMetadata);
        string[] taken = [.. Ports.Inputs, .. Caches.Select(cache => cache.Past)];
        var other = Inputs.FirstOrDefault(name => !taken.Contains(name));
        return other is not null ? $"takes '{other}', of which bundle.json says nothing"
            : Ports.Inputs.FirstOrDefault(name => inputs.TryGetValue(name, out var port)
                && port.ElementDataType is not (TensorElementType.Int64 or TensorElementType.Int32)) is { } odd
                ? $"takes '{odd}' as {inputs[odd].ElementDataType}; int64 or int32 can be filled"
            : Caches.FirstOrDefault(cache => !inputs.ContainsKey(cache.Past) || !outputs.ContainsKey(cache.Present))
                is { } missing ? $"has no cache '{missing.Past}' and '{missing.Present}'"
            : !outputs.TryGetValue(Ports.Rows, out var rows) || TypeOf(rows.ElementDataType) is not { } type
                || type.WireName() != _bundle.WireDtype ? $"does not give {Ports.Rows} in {_bundle.WireDtype}"
            : null;
    }

    private static TensorDtype? TypeOf(TensorElementType type) => type switch
    {
        TensorElementType.Float => TensorDtype.Float32,
        TensorElementType.Float16 => TensorDtype.Float16,
        TensorElementType.BFloat16 => TensorDtype.BFloat16,
        _ => null,
    };
}
