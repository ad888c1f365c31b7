using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry.Packages;

/// <summary>What is wrong with the names that a decoder gives its inputs and outputs.</summary>
internal static class PortFaults
{
    private static readonly string[] Inputs =
        [GraphManifest.Embeds, GraphManifest.Mask, GraphManifest.Positions];

    public static IEnumerable<string> Of(GraphManifest graph)
    {
        if (graph.Ports is not { } ports)
        {
            yield break;
        }

        if (graph.Cache is not { Layout: CacheLayouts.Growing, Cross: null })
        {
            yield return $"ports are named for a decoder with a cache of layout '{CacheLayouts.Growing}' alone";
            yield break;
        }

        foreach (var (usual, name) in ports)
        {
            var isInput = Inputs.Contains(usual);
            if (!isInput && usual != GraphManifest.Logits)
            {
                yield return $"ports name '{Quoted.Text(usual)}', which is none of {string.Join(", ", Inputs)} and "
                    + GraphManifest.Logits;
            }
            else if ((isInput ? graph.Inputs : graph.Outputs).All(tensor => tensor.Name != name))
            {
                yield return $"decoder has no {(isInput ? "input" : "output")} '{Quoted.Text(name)}', which is to be "
                    + usual;
            }
        }

        // What is not listed has its usual name.
        var caches = CacheTensor.Of(graph.Cache);
        foreach (var name in Inputs.Append(GraphManifest.Logits).Select(graph.NameOf)
            .GroupBy(name => name, StringComparer.Ordinal)
            .Where(same => same.Count() > 1 || caches.Any(cache => cache.Past == same.Key || cache.Present == same.Key))
            .Select(same => same.Key))
        {
            yield return $"'{Quoted.Text(name)}' is two things: a port, and another port or a cache tensor";
        }
    }
}
