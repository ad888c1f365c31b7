using Microsoft.Extensions.Options;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Api.Engine.Forward;
using Stip.Api.Engine.Loading;
using Stip.Api.Registry.Packages;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Registry;

/// <summary>Makes what serves a package; nothing is loaded yet.</summary>
internal sealed class HostedModelFactory(
    IGraphRuntime runtime,
    CacheBudget budget,
    LoadedGraphs graphs,
    IOptions<ApiOptions> api,
    IOptions<EngineOptions> engine,
    EngineMetrics metrics,
    ILogger<HostedModelFactory> log,
    TimeProvider clock)
{
    /// <param name="manifest">Judged.</param>
    /// <param name="registration">Who registered it.</param>
    /// <param name="folder">Its files.</param>
    /// <param name="isFresh">True where the digests of the files have just been compared.</param>
    public HostedModel Create(PackageManifest manifest, Registration registration, string folder, bool isFresh)
    {
        var own = isFresh || !api.Value.CheckFiles
            ? runtime
            : new IntactRuntime(runtime, new PackageDigests(manifest, folder, log));
        var decoder = manifest.Graphs.TryGetValue(Roles.Decoder, out var graph)
            ? new DecoderHost(
                WithMemory(Snapshot(manifest, graph, folder)), own, OnnxReferences.RowsOf, budget, graphs, engine,
                metrics, clock)
            : null;
        var forwards = manifest.Graphs
            .Where(pair => pair.Value.Cache is null && !Roles.AreOfSequence(manifest)).ToDictionary(
            pair => pair.Key,
            pair => new ForwardHost(
                manifest.Model, Path.Combine(folder, pair.Value.File), Bytes(manifest, pair.Value), pair.Value,
                manifest.HiddenSize, own, OnnxReferences.ForwardRowsOf, graphs, engine, log,
                clock),
            StringComparer.Ordinal);
        return new HostedModel(manifest, registration, folder, decoder, forwards)
        {
            MaxLength = decoder is not null && LongestSession(decoder.Snapshot) is var longest
                && longest < manifest.ContextLength ? longest : null,
            SourceLength = decoder?.Snapshot.Sequence is { } sequence
                ? SourceRules.MostRows(sequence, engine.Value)
                : null,
            BoundedCaches = graph?.Cache is { } cache ? Bounds(cache, manifest.ContextLength) : null,
        };
    }

    private int LongestSession(DecoderSnapshot decoder) =>
        Math.Min(engine.Value.LongestSession(decoder.ContextLength), decoder.MostCachedTokens);

    // A session of the whole context of a long model may be more than all caches may have.
    private DecoderSnapshot WithMemory(DecoderSnapshot decoder) => decoder with
    {
        MostCachedTokens = LengthClasses.Longest(
            decoder.ContextLength,
            tokens => CacheShape.Of(decoder, 1, tokens, runtime.SpareTokens).SlotTotalBytes,
            budget.LimitBytes),
    };

    // Those of a session that is as long as can be: a shorter one has room for all its tokens, or as much.
    private BoundedCache[]? Bounds(CacheManifest cache, int contextLength)
    {
        var bounds = (cache.BoundedWindows ?? []).Where(window => window > 0).Distinct()
            .Select(window => BoundedCache.For(window, contextLength, runtime.SpareTokens))
            .Concat(CacheTensor.Of(cache).Any(tensor => tensor.IsState) ? [CacheShape.OfStates] : []).ToArray();
        return bounds.Length == 0 ? null : bounds;
    }

    private static DecoderSnapshot Snapshot(PackageManifest manifest, GraphManifest graph, string folder)
    {
        // Beside an encoder it is the later steps that have a cache.
        var isSequence = Roles.AreOfSequence(manifest);
        var next = isSequence ? manifest.Graphs[Roles.NextSteps(manifest)] : graph;
        return Snapshot(manifest, graph, next, folder) with
        {
            Sequence = !isSequence ? null : new SequenceSnapshot(
                Path.Combine(folder, manifest.Graphs[Roles.Encoder].File),
                Path.Combine(folder, next.File),
                manifest.SourceLength!.Value,
                CacheTensor.CrossOf(next.Cache!))
            {
                IsMerged = next == graph,
                Source = SourcePorts.Of(manifest.Graphs[Roles.Encoder]),
                First = SequencePorts.Of(graph, CacheTensor.Of(next.Cache!)),
                Next = SequencePorts.Of(next, CacheTensor.Of(next.Cache!)),
                States = SeenSources.Of(manifest.Graphs[Roles.Encoder], manifest.HiddenSize),
            },
        };
    }

    private static DecoderSnapshot Snapshot(
        PackageManifest manifest, GraphManifest graph, GraphManifest cached, string folder)
    {
        var ports = StepPorts.Of(graph);
        return new(
            manifest.Model,
            Path.Combine(folder, graph.File),
            manifest.HiddenSize,
            manifest.VocabSize,
            manifest.ContextLength,
            manifest.MaxTopK,
            Dtype(graph.Inputs, ports.Embeds),
            Dtype(graph.Outputs, ports.Logits),
            Dtype(cached.Inputs, CacheTensor.Of(cached.Cache!)[0].Past),
            cached.Cache!)
        {
            Ports = ports,
            Fingerprint = manifest.Fingerprint,
            KeyEpoch = manifest.KeyEpoch,
            GraphBytes = Roles.AreOfSequence(manifest)
                ? manifest.Files.Sum(file => file.Bytes)
                : Bytes(manifest, graph),
        };
    }

    // External data lie beside a graph under a name that begins with its own; else the whole package counts.
    private static long Bytes(PackageManifest manifest, GraphManifest graph) => manifest.Graphs.Count == 1
        ? manifest.Files.Sum(file => file.Bytes)
        : manifest.Files.Where(file => file.Path.StartsWith(graph.File, StringComparison.Ordinal))
            .Sum(file => file.Bytes);

    private static TensorDtype Dtype(IReadOnlyList<TensorManifest> tensors, string name) =>
        TensorDtypes.TryParseWire(tensors.First(tensor => tensor.Name == name).Dtype, out var dtype)
            ? dtype
            : throw new InvalidOperationException($"'{name}' was judged before");
}
