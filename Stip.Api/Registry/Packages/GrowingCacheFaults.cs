using Stip.Protocol.Packages;

namespace Stip.Api.Registry.Packages;

/// <summary>What a decoder of another exporter must have so that the engine can fill its inputs.</summary>
internal static class GrowingCacheFaults
{
    private static readonly string[] Integers = ["int64", "int32"];

    public static IEnumerable<string> Of(GraphManifest graph, CacheManifest cache)
    {
        foreach (var input in graph.Inputs.Where(input => input.Name != "inputs_embeds" && !IsCache(input.Name)))
        {
            if (input.Name is not ("attention_mask" or "position_ids"))
            {
                yield return $"input '{input.Name}' is none that a server can fill: inputs_embeds, attention_mask, "
                    + "position_ids and past_key_values.N.key|value are";
            }
            else if (!Integers.Contains(input.Dtype) || input.Shape.Count != 2)
            {
                yield return $"'{input.Name}' is {input.Dtype} of {input.Shape.Count} axes, not int64 or int32 of 2";
            }
        }

        foreach (var name in Enumerable.Range(0, cache.Layers)
            .SelectMany(layer => new[] { $"present.{layer}.key", $"present.{layer}.value" })
            .Where(name => graph.Outputs.All(output => output.Name != name)))
        {
            yield return $"decoder has no output '{name}'";
        }

        if (graph.Outputs.FirstOrDefault(output => output.Name == "logits")?.Shape.Count != 3)
        {
            yield return "'logits' is not [batch, sequence, vocab]";
        }

        // A sliding layer keeps no more than its window: a length that the engine does not count.
        if (graph.Inputs.Where(input => IsCache(input.Name) && input.Shape.Count == 4)
            .Select(input => input.Shape[2].ToString()).Distinct().Count() > 1)
        {
            yield return "layers have caches of different lengths";
        }
    }

    private static bool IsCache(string name) => name.StartsWith("past_key_values.", StringComparison.Ordinal);
}
