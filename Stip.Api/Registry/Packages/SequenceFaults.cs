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
    private const int RowsRank = 3;

    /// <param name="manifest">Every graph of it was compared with its file.</param>
    public static IEnumerable<string> Of(PackageManifest manifest)
    {
        var role = Roles.NextSteps(manifest);
        var (first, next) = (manifest.Graphs[Roles.Decoder], manifest.Graphs[role]);
        if (!manifest.Graphs.TryGetValue(Roles.Encoder, out var encoder)
            || manifest.Graphs.Count != (first == next ? 2 : 3)
            || (first == next) != (Find(first.Inputs, first.NameOf(GraphManifest.Branch)) is not null))
        {
            return
            [
                $"a decoder beside an encoder is served with the graphs {Roles.Encoder}, {Roles.Decoder} and "
                + $"{Roles.DecoderWithPast}, or the two decoders merged with an input '{GraphManifest.Branch}'; there "
                + "are " + Quoted.Text(string.Join(", ", manifest.Graphs.Keys)),
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
        string[] named = faults.Length > 0 ? faults :
        [
            .. PortFaults.OfSource(encoder), .. PortFaults.OfSequence(Roles.Decoder, first, cache!),
            .. first == next ? [] : PortFaults.OfSequence(role, next, cache!),
            .. CacheListFaults.Twice(SequencePorts.Of(first, CacheTensor.Of(cache!)).Presents!
                .Concat(CacheTensor.CrossOf(cache!).Select(tensor => tensor.Present)))
                .Select(twice => $"cache tensor '{Quoted.Text(twice)}' is listed twice"),
        ];
        return named.Length > 0
            ? named
            : OfEncoder(manifest, encoder)
                .Concat(OfDecoders(manifest, first, next, CacheTensor.Of(cache!), CacheTensor.CrossOf(cache!)));
    }

    private static IEnumerable<string> OfCache(string role, CacheManifest? cache)
    {
        if (cache is not { Layout: CacheLayouts.Growing, Tensors.Count: > 0, Cross.Count: > 0 })
        {
            return [$"{role} has no cache of layout '{CacheLayouts.Growing}' with tensors and cross"];
        }

        return cache is { Inputs: null, SequenceFirst: null }
            ? CacheListFaults.Of(cache)
            : CacheListFaults.Of(cache).Append(
                "cache inputs and sequence_first are for a decoder without an encoder beside it");
    }

    private static IEnumerable<string> OfEncoder(PackageManifest manifest, GraphManifest encoder)
    {
        var ports = SourcePorts.Of(encoder);
        var embeds = Find(encoder.Inputs, ports.Embeds);
        var seen = SeenSources.Of(encoder, manifest.HiddenSize);
        var width = seen?.SourceWidth ?? manifest.HiddenSize;
        return Rows(Roles.Encoder, embeds, ports.Embeds, width, null, seen is not null)
            .Concat(Rows(
                Roles.Encoder, Find(encoder.Outputs, ports.Hidden), ports.Hidden, seen?.Width ?? manifest.HiddenSize,
                embeds?.Dtype, seen is not null))
            .Concat(Masks(Roles.Encoder, encoder.Inputs, ports.Mask))
            .Concat(Others(Roles.Encoder, encoder.Inputs, [ports.Embeds, ports.Mask]));
    }

    private static IEnumerable<string> OfDecoders(
        PackageManifest manifest,
        GraphManifest first,
        GraphManifest next,
        IReadOnlyList<CacheTensor> own,
        IReadOnlyList<CacheTensor> cross)
    {
        var encoder = manifest.Graphs[Roles.Encoder];
        var dtype = Find(encoder.Inputs, SourcePorts.Of(encoder).Embeds)?.Dtype;
        var width = SeenSources.Of(encoder, manifest.HiddenSize)?.Width ?? manifest.HiddenSize;
        var later = Roles.NextSteps(manifest);
        var (ofFirst, ofNext) = (SequencePorts.Of(first, own), SequencePorts.Of(next, own));
        foreach (var (role, graph, ports) in new[] { (Roles.Decoder, first, ofFirst), (later, next, ofNext) }
            .DistinctBy(step => step.Item1))
        {
            var (embeds, logits) = (ports.Step.Embeds, ports.Step.Logits);
            foreach (var fault in Rows(role, Find(graph.Inputs, embeds), embeds, manifest.HiddenSize, dtype)
                .Concat(Rows(role, Find(graph.Outputs, logits), logits, manifest.VocabSize))
                .Concat(Masks(role, graph.Inputs, ports.StatesMask)))
            {
                yield return fault;
            }
        }

        string[] pasts = [.. own.Concat(cross).Select(tensor => tensor.Past)];
        var kind = Find(next.Inputs, own[0].Past)?.Dtype ?? "";
        var presents = own.Zip(ofFirst.Presents!).Select(pair => (Name: pair.Second, Tensor: pair.First)).ToArray();
        string[] taken = [ofFirst.Step.Embeds, ofFirst.States, ofFirst.StatesMask];
        foreach (var fault in Rows(Roles.Decoder, Find(first.Inputs, ofFirst.States), ofFirst.States, width, dtype)
            .Concat(SameLogits(first, next))
            .Concat(first == next
                ? OfBranch(next, ofNext.Branch, [.. taken, ofNext.Branch, .. pasts])
                : Others(Roles.Decoder, first.Inputs, taken)
                    .Concat(Others(later, next.Inputs, [ofNext.Step.Embeds, ofNext.StatesMask, .. pasts])))
            .Concat(own.Concat(cross).SelectMany(tensor => Has(
                later, "input", next.Inputs, tensor.Past, tensor, kind)))
            .Concat(presents.Concat(cross.Select(tensor => (Name: tensor.Present, Tensor: tensor)))
                .SelectMany(entry => Has(
                    Roles.Decoder, "output", first.Outputs, entry.Name, entry.Tensor, kind)))
            .Concat(own.SelectMany(tensor => Has(
                later, "output", next.Outputs, tensor.Present, tensor, kind)))
            .Concat(Lengths(first, next, own, cross, presents)))
        {
            yield return fault;
        }
    }

    // Both steps in one graph, and an input that says which.
    private static IEnumerable<string> OfBranch(GraphManifest decoder, string name, string[] known)
    {
        if (Find(decoder.Inputs, name) is { } branch && (branch.Dtype != "bool" || branch.Shape.Count != 1))
        {
            yield return $"'{Quoted.Text(name)}' is {branch.Dtype} of {branch.Shape.Count} axes, not bool of 1";
        }

        foreach (var fault in Others(Roles.Decoder, decoder.Inputs, known))
        {
            yield return fault;
        }
    }

    private static IEnumerable<string> SameLogits(GraphManifest first, GraphManifest next)
    {
        if (Find(first.Outputs, first.NameOf(GraphManifest.Logits))?.Dtype
            != Find(next.Outputs, next.NameOf(GraphManifest.Logits))?.Dtype)
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
            yield return $"{role} has no '{Quoted.Text(name)}' of {dtype ?? "floats"} [batch, rows, {width}]";
        }
    }

    private static IEnumerable<string> Masks(string role, IReadOnlyList<TensorManifest> inputs, string name)
    {
        if (Find(inputs, name) is { } mask
            && (mask.Dtype != "int64" || GraphFaults.Axes(mask) is not [var batch, < 0] || !HoldsOne(batch)))
        {
            yield return $"{role} input '{Quoted.Text(name)}' is not int64 [batch, rows]";
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
        GraphManifest first,
        GraphManifest next,
        IReadOnlyList<CacheTensor> own,
        IReadOnlyList<CacheTensor> cross,
        IEnumerable<(string Name, CacheTensor Tensor)> presents) =>
        own.Concat(cross).Select(tensor => (tensor.Length, Port: Find(next.Inputs, tensor.Past)))
            .Concat(presents.Select(entry => (entry.Tensor.Length, Port: Find(first.Outputs, entry.Name))))
            .Concat(own.Select(tensor => (tensor.Length, Port: Find(next.Outputs, tensor.Present))))
            .Where(port => port.Port?.Shape is { } shape && shape.Count > port.Length
                && shape[port.Length].ValueKind == JsonValueKind.Number)
            .Select(port => $"'{Quoted.Text(port.Port!.Name)}' has a fixed length")
            .Distinct();

    private static TensorManifest? Find(IReadOnlyList<TensorManifest> tensors, string name) =>
        tensors.FirstOrDefault(tensor => tensor.Name == name);
}
