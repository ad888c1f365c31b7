using System.Globalization;
using System.Text.Json;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Registry.Packages;

/// <summary>Where a manifest and the graph that it describes disagree.</summary>
internal static class GraphFaults
{
    public const int MaxLayers = 2048;

    private static readonly string[] StepInputs =
        ["inputs_embeds", "seqlens_k", "total_sequence_length", "logits_rows"];

    public static IEnumerable<string> Of(string role, GraphManifest graph, GraphSignature loaded) =>
        Compare(role, "input", graph.Inputs, loaded.Inputs)
            .Concat(Compare(role, "output", graph.Outputs, loaded.Outputs));

    /// <summary>What a decoder needs so that the engine can serve it.</summary>
    public static IEnumerable<string> OfDecoder(PackageManifest manifest, GraphManifest graph)
    {
        if (OfCache(graph.Cache) is { } ofCache)
        {
            return [ofCache, .. DecoderTensors(manifest, graph, [graph.NameOf(GraphManifest.Embeds)])];
        }

        var cache = graph.Cache!;
        string[] listed = [.. CacheListFaults.Of(cache)];
        string[] named = listed.Length > 0 ? [] : [.. PortFaults.Of(graph), .. StepInputFaults.Of(graph)];
        if (named.Length > 0)
        {
            return named;
        }

        var stepInputs = cache.Layout == CacheLayouts.Growing ? [graph.NameOf(GraphManifest.Embeds)] : StepInputs;
        var faults = listed.Concat(DecoderTensors(manifest, graph, stepInputs));
        if (listed.Length > 0)
        {
            return faults;
        }

        var tensors = CacheTensor.Of(cache);
        return cache.Layout == CacheLayouts.Growing
            ? GrowingCacheFaults.Of(graph, tensors).Concat(faults).Concat(CacheInputs(graph, tensors))
            : faults.Concat(CacheInputs(graph, tensors));
    }

    // What leaves nothing of a cache to compare; null for nothing.
    private static string? OfCache(CacheManifest? cache) => cache switch
    {
        null => "decoder has no cache",
        { Cross: not null } => "cache.cross is for a decoder with an encoder beside it",
        { Layout: not (CacheLayouts.Shared or CacheLayouts.Growing) } =>
            $"cache layout '{Quoted.Text(cache.Layout)}' is neither '{CacheLayouts.Shared}' nor "
            + $"'{CacheLayouts.Growing}'",
        { SequenceFirst: not null, Layout: not CacheLayouts.Growing } =>
            $"cache.sequence_first is for the layout '{CacheLayouts.Growing}' only",
        { Layers: < 1 } or { KvHeads: < 1 } or { HeadDim: < 1 } =>
            $"cache of {cache.Layers} layers, {cache.KvHeads} heads and {cache.HeadDim} channels is empty",
        { Layers: > MaxLayers } => $"cache of {cache.Layers} layers; there may be 1..{MaxLayers}",
        _ => null,
    };

    /// <summary>Lengths of a tensor's axes; -1 for one that has a name instead.</summary>
    public static int[] Axes(TensorManifest tensor) =>
        [.. tensor.Shape.Select(
            axis => axis.ValueKind == JsonValueKind.Number && axis.TryGetInt32(out var n) ? n : -1)];

    private static IEnumerable<string> DecoderTensors(
        PackageManifest manifest, GraphManifest graph, string[] stepInputs)
    {
        foreach (var name in stepInputs.Where(name => graph.Inputs.All(input => input.Name != name)))
        {
            yield return $"decoder has no input '{name}'";
        }

        foreach (var (tensor, width) in new[]
        {
            (graph.Inputs.FirstOrDefault(input => input.Name == graph.NameOf(GraphManifest.Embeds)),
                manifest.HiddenSize),
            (graph.Outputs.FirstOrDefault(output => output.Name == graph.NameOf(GraphManifest.Logits)),
                manifest.VocabSize),
        })
        {
            if (tensor is null || !Axes(tensor).LastOrDefault().Equals(width)
                || !TensorDtypes.TryParseWire(tensor.Dtype, out var dtype) || !dtype.IsWireFloat())
            {
                yield return $"decoder tensor '{tensor?.Name ?? "logits"}' is not a float tensor of width {width}";
            }
        }
    }

    private static IEnumerable<string> CacheInputs(GraphManifest graph, IReadOnlyList<CacheTensor> tensors)
    {
        string? dtype = null;
        foreach (var tensor in tensors)
        {
            if (graph.Inputs.FirstOrDefault(input => input.Name == tensor.Past) is not { } input)
            {
                yield return $"decoder has no input '{tensor.Past}'";
                continue;
            }

            if (!tensor.Fits(Axes(input)))
            {
                yield return $"'{input.Name}' is not {tensor}";
            }

            if (!TensorDtypes.TryParseWire(input.Dtype, out var type) || !type.IsWireFloat()
                || (dtype ??= input.Dtype) != input.Dtype)
            {
                yield return $"'{input.Name}' is {input.Dtype}; caches are floats of one type";
            }
        }
    }

    private static IEnumerable<string> Compare(
        string role,
        string kind,
        IReadOnlyList<TensorManifest> said,
        IReadOnlyDictionary<string, TensorSignature> loaded)
    {
        foreach (var name in loaded.Keys.Except(said.Select(tensor => tensor.Name), StringComparer.Ordinal))
        {
            yield return $"{role} has an {kind} '{name}' that stip.json does not name";
        }

        foreach (var tensor in said)
        {
            if (!loaded.TryGetValue(tensor.Name, out var real))
            {
                yield return $"{role} has no {kind} '{tensor.Name}'";
            }
            else if (real.Dtype != tensor.Dtype || !Fits(Axes(tensor), real.Shape))
            {
                yield return $"{role} {kind} '{tensor.Name}' is {real.Dtype} [{Text(real.Shape)}], "
                    + $"stip.json says {tensor.Dtype} [{Text(Axes(tensor))}]";
            }
        }
    }

    private static bool Fits(int[] said, IReadOnlyList<int> real) =>
        said.Length == real.Count
            && said.Zip(real).All(pair => pair.First < 0 || pair.Second < 0 || pair.First == pair.Second);

    private static string Text(IEnumerable<int> axes) =>
        string.Join(", ", axes.Select(axis => axis < 0 ? "?" : axis.ToString(CultureInfo.InvariantCulture)));
}
