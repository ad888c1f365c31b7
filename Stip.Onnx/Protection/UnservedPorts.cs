using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection;

/// <summary>Inputs and outputs of decoders, and of graphs of an encoder and a decoder, that servers do not know, and
/// that nothing tells: they would refuse the package, though <c>run</c> and <c>verify</c> take it.</summary>
internal static class UnservedPorts
{
    /// <summary>A line for each graph; none for models of another kind.</summary>
    public static IEnumerable<string> Of(ExportManifest manifest)
    {
        if (manifest.Kind != ModelKinds.EncoderDecoder)
        {
            foreach (var line in OfDecoder(manifest))
            {
                yield return line;
            }

            yield break;
        }

        var cache = manifest.Graphs.Values.Select(graph => graph.Cache).FirstOrDefault(cache => cache is not null);
        string[] pasts = [.. (cache?.Tensors ?? []).Concat(cache?.Cross ?? []).Select(tensor => tensor.Past)];
        var isInTwo = manifest.Graphs.ContainsKey(GraphRoles.DecoderWithPast);
        foreach (var (role, graph) in manifest.Graphs)
        {
            var given = role == GraphRoles.Encoder ? EncoderPorts.Hidden : DecoderPorts.Logits;
            string[] wanted = role == GraphRoles.Decoder
                ? [DecoderPorts.Embeds, GraphManifest.EncoderStates]
                : [DecoderPorts.Embeds];
            string[] named = role switch
            {
                GraphRoles.Encoder => [DecoderPorts.Embeds, EncoderPorts.Mask],
                GraphRoles.DecoderWithPast => [DecoderPorts.Embeds, GraphManifest.EncoderMask],
                _ when isInTwo => [DecoderPorts.Embeds, GraphManifest.EncoderStates, GraphManifest.EncoderMask],
                _ =>
                [
                    DecoderPorts.Embeds, GraphManifest.EncoderStates, GraphManifest.EncoderMask, GraphManifest.Branch,
                ],
            };
            string[] taken =
            [
                .. named.Select(graph.NameOf),
                .. role == GraphRoles.Encoder || (isInTwo && role == GraphRoles.Decoder) ? [] : pasts,
            ];
            string[] unknown =
                [.. graph.Inputs.Select(input => input.Name).Where(name => !taken.Contains(name)).Select(Quoted)];
            string[] missing =
            [
                .. wanted.Where(name => graph.Inputs.All(input => input.Name != graph.NameOf(name))),
                .. new[] { given }.Where(name => graph.Outputs.All(output => output.Name != graph.NameOf(name))),
            ];
            if (unknown.Length + missing.Length > 0)
            {
                yield return $"{role}: a server will refuse this package, for nothing tells what is what: "
                    + string.Join("; ", new[]
                    {
                        unknown.Length > 0 ? $"it fills none of {string.Join(", ", unknown)}" : "",
                        missing.Length > 0 ? $"it wants {string.Join(", ", missing.Select(Quoted))}" : "",
                    }.Where(part => part.Length > 0));
            }
        }
    }

    private static IEnumerable<string> OfDecoder(ExportManifest manifest)
    {
        if (!manifest.Graphs.TryGetValue(GraphRoles.Decoder, out var graph)
            || graph.Cache is not { Layout: CacheLayouts.Growing } cache)
        {
            yield break;
        }

        string[] taken =
        [
            .. new[] { DecoderPorts.Embeds, EncoderPorts.Mask, DecoderPorts.Positions }.Select(graph.NameOf),
            .. (cache.Inputs ?? []).Select(input => input.Name),
            .. cache.Tensors?.Select(tensor => tensor.Past) ?? Enumerable.Range(0, cache.Layers).SelectMany(
                layer => new[] { DecoderPorts.Past(layer, "key"), DecoderPorts.Past(layer, "value") }),
        ];
        string[] unknown =
            [.. graph.Inputs.Select(input => input.Name).Where(name => !taken.Contains(name)).Select(Quoted)];
        if (unknown.Length > 0)
        {
            yield return $"{GraphRoles.Decoder}: a server will refuse this package: of its inputs it fills none of "
                + string.Join(", ", unknown);
        }
    }

    private static string Quoted(string name) => $"'{name}'";
}
