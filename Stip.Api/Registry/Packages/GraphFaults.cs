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
    private static readonly string[] StepInputs =
        ["inputs_embeds", "seqlens_k", "total_sequence_length", "logits_rows"];

    public static IEnumerable<string> Of(string role, GraphManifest graph, GraphSignature loaded) =>
        Compare(role, "input", graph.Inputs, loaded.Inputs)
            .Concat(Compare(role, "output", graph.Outputs, loaded.Outputs));

    /// <summary>What a decoder needs so that the engine can serve it.</summary>
    public static IEnumerable<string> OfDecoder(PackageManifest manifest, GraphManifest graph)
    {
        if (graph.Cache is not { } cache)
        {
            return ["decoder has no cache"];
        }

        if (cache.Layout is not (CacheLayouts.Shared or CacheLayouts.Growing))
        {
            return [$"cache layout '{cache.Layout}' is neither '{CacheLayouts.Shared}' nor '{CacheLayouts.Growing}'"];
        }

        if (cache.Layers < 1 || cache.KvHeads < 1 || cache.HeadDim < 1)
        {
            return [$"cache of {cache.Layers} layers, {cache.KvHeads} heads and {cache.HeadDim} channels is empty"];
        }

        return cache.Layout == CacheLayouts.Growing
            ? GrowingCacheFaults.Of(graph, cache).Concat(DecoderTensors(manifest, graph, cache, ["inputs_embeds"]))
            : DecoderTensors(manifest, graph, cache, StepInputs);
    }

    private static IEnumerable<string> DecoderTensors(
        PackageManifest manifest, GraphManifest graph, CacheManifest cache, string[] stepInputs)
    {
        foreach (var name in stepInputs.Concat(Enumerable.Range(0, cache.Layers).SelectMany(CacheInputs))
            .Where(name => graph.Inputs.All(input => input.Name != name)))
        {
            yield return $"decoder has no input '{name}'";
        }

        foreach (var (tensor, width) in new[]
        {
            (graph.Inputs.FirstOrDefault(input => input.Name == "inputs_embeds"), manifest.HiddenSize),
            (graph.Outputs.FirstOrDefault(output => output.Name == "logits"), manifest.VocabSize),
        })
        {
            if (tensor is null || !Axes(tensor).LastOrDefault().Equals(width)
                || !TensorDtypes.TryParseWire(tensor.Dtype, out var dtype) || !dtype.IsWireFloat())
            {
                yield return $"decoder tensor '{tensor?.Name ?? "logits"}' is not a float tensor of width {width}";
            }
        }

        foreach (var input in graph.Inputs.Where(
            input => input.Name.StartsWith("past_key_values.", StringComparison.Ordinal)))
        {
            var axes = Axes(input);
            if (axes.Length != 4 || axes[1] != cache.KvHeads || (axes[3] != cache.HeadDim && axes[3] >= 0))
            {
                yield return $"'{input.Name}' is not [batch, {cache.KvHeads}, length, {cache.HeadDim}]";
            }
        }
    }

    private static IEnumerable<string> CacheInputs(int layer) =>
        [$"past_key_values.{layer}.key", $"past_key_values.{layer}.value"];

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

    // -1 for an axis that has a name instead of a length.
    private static int[] Axes(TensorManifest tensor) =>
        [.. (tensor.Shape ?? []).Select(
            axis => axis.ValueKind == JsonValueKind.Number && axis.TryGetInt32(out var n) ? n : -1)];
}
