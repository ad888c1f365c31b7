using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry.Packages;

/// <summary>What is wrong with the names that a graph gives its inputs and outputs.</summary>
internal static class PortFaults
{
    private static readonly (string[] Inputs, string[] Outputs) OfSteps = (
        [GraphManifest.Embeds, GraphManifest.Mask, GraphManifest.Positions], [GraphManifest.Logits]);

    private static readonly (string[] Inputs, string[] Outputs) OfPasses = (
        [GraphManifest.Embeds, GraphManifest.Mask],
        [
            GraphManifest.Logits, GraphManifest.Hidden, GraphManifest.TextEmbeds, GraphManifest.StartLogits,
            GraphManifest.EndLogits,
        ]);

    private static readonly (string[] Inputs, string[] Outputs) OfSources = (
        [GraphManifest.Embeds, GraphManifest.Mask], [GraphManifest.Hidden]);

    /// <summary>Of a decoder.</summary>
    public static IEnumerable<string> Of(GraphManifest graph)
    {
        if (graph.Ports is null)
        {
            return [];
        }

        if (graph.Cache is not { Layout: CacheLayouts.Growing, Cross: null })
        {
            return [$"ports are named for a decoder with a cache of layout '{CacheLayouts.Growing}' alone"];
        }

        var caches = CacheTensor.Of(graph.Cache);
        return Missing(Roles.Decoder, graph, OfSteps).Concat(
            Twofold(graph, OfSteps, name => caches.Any(cache => cache.Past == name || cache.Present == name)));
    }

    /// <summary>Of a graph without a cache.</summary>
    public static IEnumerable<string> OfPass(string role, GraphManifest graph) => graph.Ports is null
        ? []
        : Missing(role, graph, OfPasses).Concat(Twofold(graph, OfPasses, _ => false));

    /// <summary>Of an encoder beside a decoder.</summary>
    public static IEnumerable<string> OfSource(GraphManifest encoder) => encoder.Ports is null
        ? []
        : Missing(Roles.Encoder, encoder, OfSources).Concat(Twofold(encoder, OfSources, _ => false));

    /// <summary>Of a decoder beside an encoder.</summary>
    /// <param name="role">Which of its graphs.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="cache">Of its later steps.</param>
    public static IEnumerable<string> OfSequence(string role, GraphManifest graph, CacheManifest cache)
    {
        if (graph.Ports is null)
        {
            return [];
        }

        // Caches are outputs of the first step and inputs of later ones.
        var (own, cross) = (CacheTensor.Of(cache), CacheTensor.CrossOf(cache));
        string[] taken =
        [
            .. graph.Cache is null ? [] : own.Concat(cross).Select(tensor => tensor.Past),
            .. role == Roles.Decoder ? cross.Select(tensor => tensor.Present) : [],
        ];
        (string[], string[]) known = (
            [GraphManifest.Embeds, GraphManifest.EncoderStates, GraphManifest.EncoderMask, GraphManifest.Branch],
            [GraphManifest.Logits, .. own.Select(tensor => tensor.Present)]);
        return Missing(role, graph, known).Concat(Twofold(graph, known, taken.Contains));
    }

    private static IEnumerable<string> Missing(
        string role, GraphManifest graph, (string[] Inputs, string[] Outputs) known)
    {
        foreach (var (usual, name) in graph.Ports!)
        {
            var isInput = known.Inputs.Contains(usual);
            if (!isInput && !known.Outputs.Contains(usual))
            {
                yield return $"ports name '{Quoted.Text(usual)}', which is none of "
                    + $"{string.Join(", ", known.Inputs)} and {string.Join(", ", known.Outputs)}";
            }
            else if ((isInput ? graph.Inputs : graph.Outputs).All(tensor => tensor.Name != name))
            {
                yield return $"{role} has no {(isInput ? "input" : "output")} '{Quoted.Text(name)}', which is to be "
                    + usual;
            }
        }
    }

    // What is not listed has its usual name.
    private static IEnumerable<string> Twofold(
        GraphManifest graph, (string[] Inputs, string[] Outputs) known, Func<string, bool> isTaken) =>
        known.Inputs.Concat(known.Outputs).Select(graph.NameOf)
            .GroupBy(name => name, StringComparer.Ordinal)
            .Where(same => same.Count() > 1 || isTaken(same.Key))
            .Select(same =>
                $"'{Quoted.Text(same.Key)}' is two things: a port, and another port or a cache tensor");
}
