using System.Text.Json;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Registry.Packages;

/// <summary>What a package of an encoder and a decoder must have so that the engine can serve it: three graphs that fit
/// each other.</summary>
internal static class SequenceFaults
{
    private const string Embeds = "inputs_embeds";
    private const string Mask = "attention_mask";
    private const string StatesMask = "encoder_attention_mask";
    private const string States = "encoder_hidden_states";
    private const string Hidden = "last_hidden_state";
    private const string Logits = "logits";
    private const string Branch = "use_cache_branch";
    private const int RowsRank = 3;

    /// <param name="manifest">Every graph of it was compared with its file.</param>
    public static IEnumerable<string> Of(PackageManifest manifest)
    {
        var role = Roles.NextSteps(manifest);
        var (first, next) = (manifest.Graphs[Roles.Decoder], manifest.Graphs[role]);
        if (!manifest.Graphs.TryGetValue(Roles.Encoder, out var encoder)
            || manifest.Graphs.Count != (first == next ? 2 : 3)
            || (first == next) != (Find(first.Inputs, Branch) is not null))
        {
            return
            [
                $"a decoder beside an encoder is served with the graphs {Roles.Encoder}, {Roles.Decoder} and "
                + $"{Roles.DecoderWithPast}, or the two decoders merged with an input '{Branch}'; there are "
                + Quoted.Text(string.Join(", ", manifest.Graphs.Keys)),
            ];
        }

        var cache = next.Cache;
        string[] faults =
        [
            .. manifest.SourceLength is null or < 1
                ? [$"source_length {manifest.SourceLength?.ToString() ?? "is missing and"} must be above 0"]
                : Array.Empty<string>(),
            .. OfCache(role, cache),
            .. encoder.Cache is not null || (first != next && first.Cache is not null)
                ? [$"the cache belongs to {role} alone"]
                : Array.Empty<string>(),
        ];
        return faults.Length > 0
            ? faults
            : OfEncoder(manifest, encoder)
                .Concat(OfDecoders(manifest, first, next, CacheTensor.Of(cache!), CacheTensor.CrossOf(cache!)));
    }

    private static IEnumerable<string> OfCache(string role, CacheManifest? cache)
    {
        if (cache is not { Layout: CacheLayouts.Growing, Tensors.Count: > 0, Cross.Count: > 0 })
        {
            return [$"{role} has no cache of layout '{CacheLayouts.Growing}' with tensors and cross"];
        }

        return CacheListFaults.Of(cache);
    }

    private static IEnumerable<string> OfEncoder(PackageManifest manifest, GraphManifest encoder)
    {
        var embeds = Find(encoder.Inputs, Embeds);
        var seen = SeenSources.Of(encoder, manifest.HiddenSize);
        return Rows(Roles.Encoder, embeds, Embeds, seen?.SourceWidth ?? manifest.HiddenSize, null, seen is not null)
            .Concat(Rows(
                Roles.Encoder, Find(encoder.Outputs, Hidden), Hidden, seen?.Width ?? manifest.HiddenSize,
                embeds?.Dtype, seen is not null))
            .Concat(Masks(Roles.Encoder, encoder.Inputs, Mask))
            .Concat(Others(Roles.Encoder, encoder.Inputs, [Embeds, Mask]));
    }

    private static IEnumerable<string> OfDecoders(
        PackageManifest manifest,
        GraphManifest first,
        GraphManifest next,
        IReadOnlyList<CacheTensor> own,
        IReadOnlyList<CacheTensor> cross)
    {
        var encoder = manifest.Graphs[Roles.Encoder];
        var dtype = Find(encoder.Inputs, Embeds)?.Dtype;
        var width = SeenSources.Of(encoder, manifest.HiddenSize)?.Width ?? manifest.HiddenSize;
        var later = Roles.NextSteps(manifest);
        foreach (var (role, graph) in new[] { (Roles.Decoder, first), (later, next) }.Distinct())
        {
            foreach (var fault in Rows(role, Find(graph.Inputs, Embeds), Embeds, manifest.HiddenSize, dtype)
                .Concat(Rows(role, Find(graph.Outputs, Logits), Logits, manifest.VocabSize))
                .Concat(Masks(role, graph.Inputs, StatesMask)))
            {
                yield return fault;
            }
        }

        string[] pasts = [.. own.Concat(cross).Select(tensor => tensor.Past)];
        var kind = Find(next.Inputs, own[0].Past)?.Dtype ?? "";
        foreach (var fault in Rows(Roles.Decoder, Find(first.Inputs, States), States, width, dtype)
            .Concat(SameLogits(first, next))
            .Concat(first == next
                ? OfBranch(next, [Embeds, States, StatesMask, Branch, .. pasts])
                : Others(Roles.Decoder, first.Inputs, [Embeds, States, StatesMask])
                    .Concat(Others(later, next.Inputs, [Embeds, StatesMask, .. pasts])))
            .Concat(own.Concat(cross).SelectMany(tensor => Has(
                later, "input", next.Inputs, tensor.Past, tensor, kind)))
            .Concat(own.Concat(cross).SelectMany(tensor => Has(
                Roles.Decoder, "output", first.Outputs, tensor.Present, tensor, kind)))
            .Concat(own.SelectMany(tensor => Has(
                later, "output", next.Outputs, tensor.Present, tensor, kind)))
            .Concat(Lengths(first, next, own, cross)))
        {
            yield return fault;
        }
    }

    // Both steps in one graph, and an input that says which.
    private static IEnumerable<string> OfBranch(GraphManifest decoder, string[] known)
    {
        if (Find(decoder.Inputs, Branch) is { } branch && (branch.Dtype != "bool" || branch.Shape.Count != 1))
        {
            yield return $"'{Branch}' is {branch.Dtype} of {branch.Shape.Count} axes, not bool of 1";
        }

        foreach (var fault in Others(Roles.Decoder, decoder.Inputs, known))
        {
            yield return fault;
        }
    }

    private static IEnumerable<string> SameLogits(GraphManifest first, GraphManifest next)
    {
        if (Find(first.Outputs, Logits)?.Dtype != Find(next.Outputs, Logits)?.Dtype)
        {
            yield return $"{Roles.Decoder} and {Roles.DecoderWithPast} give logits of different types";
        }
    }

    // [batch, rows, width], a float; the number of rows is free, or that of a picture, and one sequence fits.
    private static IEnumerable<string> Rows(
        string role, TensorManifest? tensor, string name, int width, string? dtype = null, bool isSeen = false)
    {
        if (tensor is not { Shape.Count: RowsRank } || GraphFaults.Axes(tensor) is not [var batch, var rows, var last]
            || !HoldsOne(batch) || (rows >= 0 && !isSeen) || last != width
            || !TensorDtypes.TryParseWire(tensor.Dtype, out var type) || !type.IsWireFloat()
            || (dtype ?? tensor.Dtype) != tensor.Dtype)
        {
            yield return $"{role} has no '{name}' of {dtype ?? "floats"} [batch, rows, {width}]";
        }
    }

    private static IEnumerable<string> Masks(string role, IReadOnlyList<TensorManifest> inputs, string name)
    {
        if (Find(inputs, name) is { } mask
            && (mask.Dtype != "int64" || GraphFaults.Axes(mask) is not [var batch, < 0] || !HoldsOne(batch)))
        {
            yield return $"{role} input '{name}' is not int64 [batch, rows]";
        }
    }

    private static IEnumerable<string> Others(string role, IReadOnlyList<TensorManifest> inputs, string[] known) =>
        inputs.Where(input => !known.Contains(input.Name)).Select(input =>
            $"{role} input '{Quoted.Text(input.Name)}' is none that a server can fill");

    private static IEnumerable<string> Has(
        string role,
        string port,
        IReadOnlyList<TensorManifest> tensors,
        string name,
        CacheTensor shape,
        string dtype)
    {
        if (Find(tensors, name) is not { } tensor || tensor.Dtype != dtype || !shape.Fits(GraphFaults.Axes(tensor))
            || (shape.Batch is { } axis && !HoldsOne(GraphFaults.Axes(tensor)[axis]))
            || !TensorDtypes.TryParseWire(dtype, out var type) || !type.IsWireFloat())
        {
            var kind = dtype.Length > 0 ? dtype : "floats";
            yield return $"{role} has no {port} '{Quoted.Text(name)}' of {kind} {shape}";
        }
    }

    // A graph for one sequence serves its sessions one by one.
    private static bool HoldsOne(int batch) => batch is < 0 or 1;

    // A fixed length would be that of one source, or of one place.
    private static IEnumerable<string> Lengths(
        GraphManifest first, GraphManifest next, IReadOnlyList<CacheTensor> own, IReadOnlyList<CacheTensor> cross) =>
        own.Concat(cross).Select(tensor => (tensor.Length, Port: Find(next.Inputs, tensor.Past)))
            .Concat(own.Select(tensor => (tensor.Length, Port: Find(first.Outputs, tensor.Present))))
            .Concat(own.Select(tensor => (tensor.Length, Port: Find(next.Outputs, tensor.Present))))
            .Where(port => port.Port?.Shape is { } shape && shape.Count > port.Length
                && shape[port.Length].ValueKind == JsonValueKind.Number)
            .Select(port => $"'{Quoted.Text(port.Port!.Name)}' has a fixed length")
            .Distinct();

    private static TensorManifest? Find(IReadOnlyList<TensorManifest> tensors, string name) =>
        tensors.FirstOrDefault(tensor => tensor.Name == name);
}
