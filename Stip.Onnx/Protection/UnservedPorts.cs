using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Onnx.Protection;

/// <summary>Names in graphs of an encoder and a decoder that servers do not know: they would refuse the package, though
/// <c>run</c> and <c>verify</c> take it.</summary>
internal static class UnservedPorts
{
    private const string States = "encoder_hidden_states";
    private const string StatesMask = "encoder_attention_mask";
    private const string Branch = "use_cache_branch";

    /// <summary>A line for each graph; none for models of another kind.</summary>
    public static IEnumerable<string> Of(ExportManifest manifest)
    {
        if (manifest.Kind != ModelKinds.EncoderDecoder)
        {
            yield break;
        }

        var cache = manifest.Graphs.Values.Select(graph => graph.Cache).FirstOrDefault(cache => cache is not null);
        string[] pasts = [.. (cache?.Tensors ?? []).Concat(cache?.Cross ?? []).Select(tensor => tensor.Past)];
        var isInTwo = manifest.Graphs.ContainsKey(GraphRoles.DecoderWithPast);
        foreach (var (role, graph) in manifest.Graphs)
        {
            var given = role == GraphRoles.Encoder ? EncoderPorts.Hidden : DecoderPorts.Logits;
            string[] wanted = role == GraphRoles.Decoder ? [DecoderPorts.Embeds, States] : [DecoderPorts.Embeds];
            string[] taken = role switch
            {
                GraphRoles.Encoder => [DecoderPorts.Embeds, EncoderPorts.Mask],
                GraphRoles.DecoderWithPast => [DecoderPorts.Embeds, StatesMask, .. pasts],
                _ when isInTwo => [DecoderPorts.Embeds, States, StatesMask],
                _ => [DecoderPorts.Embeds, States, StatesMask, Branch, .. pasts],
            };
            string[] unknown =
                [.. graph.Inputs.Select(input => input.Name).Where(name => !taken.Contains(name)).Select(Quoted)];
            string[] missing =
            [
                .. wanted.Where(name => graph.Inputs.All(input => input.Name != name)),
                .. new[] { given }.Where(name => graph.Outputs.All(output => output.Name != name)),
            ];
            if (unknown.Length + missing.Length > 0)
            {
                yield return $"{role}: a server will refuse this package, for it goes by names: "
                    + string.Join("; ", new[]
                    {
                        unknown.Length > 0 ? $"it fills none of {string.Join(", ", unknown)}" : "",
                        missing.Length > 0 ? $"it wants {string.Join(", ", missing.Select(Quoted))}" : "",
                    }.Where(part => part.Length > 0));
            }
        }
    }

    private static string Quoted(string name) => $"'{name}'";
}
