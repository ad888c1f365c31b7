using System.Text.Json;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry.Packages;

/// <summary>What a decoder of another exporter must have so that the engine can fill its inputs.</summary>
internal static class GrowingCacheFaults
{
    private static readonly string[] Integers = ["int64", "int32"];

    public static IEnumerable<string> Of(GraphManifest graph, IReadOnlyList<CacheTensor> tensors)
    {
        var pasts = tensors.Select(tensor => tensor.Past).ToHashSet(StringComparer.Ordinal);
        return Others(graph, pasts).Concat(Presents(graph, tensors)).Concat(Lengths(graph, tensors))
            .Concat(States(graph, tensors)).Concat(Rows(graph, tensors));
    }

    private static IEnumerable<string> Others(GraphManifest graph, HashSet<string> pasts)
    {
        var ports = StepPorts.Of(graph);
        var made = (graph.Cache!.Inputs ?? []).Select(said => said.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var input in graph.Inputs.Where(input => input.Name != ports.Embeds && !pasts.Contains(input.Name)
            && !made.Contains(input.Name)))
        {
            if (input.Name != ports.Mask && input.Name != ports.Positions)
            {
                yield return $"input '{input.Name}' is none that a server can fill: {ports.Embeds}, {ports.Mask}, "
                    + $"{ports.Positions} and the tensors of the cache are";
            }
            else if (!Integers.Contains(input.Dtype) || input.Shape.Count != 2)
            {
                yield return $"'{input.Name}' is {input.Dtype} of {input.Shape.Count} axes, not int64 or int32 of 2";
            }
        }
    }

    private static IEnumerable<string> Presents(GraphManifest graph, IReadOnlyList<CacheTensor> tensors)
    {
        foreach (var tensor in tensors)
        {
            var (present, past) = (
                graph.Outputs.FirstOrDefault(output => output.Name == tensor.Present),
                graph.Inputs.FirstOrDefault(input => input.Name == tensor.Past));
            if (present is null)
            {
                yield return $"decoder has no output '{tensor.Present}'";
            }
            else if (past is not null
                && (present.Dtype != past.Dtype
                    || (present.Shape.Count > 0 && !tensor.Fits(GraphFaults.Axes(present)))))
            {
                yield return $"'{present.Name}' is not {past.Dtype} {tensor}";
            }
        }

        var logits = graph.NameOf(GraphManifest.Logits);
        if (graph.Outputs.FirstOrDefault(output => output.Name == logits)?.Shape.Count is not (2 or 3))
        {
            yield return $"'{logits}' is neither [batch, sequence, vocab] nor [batch, vocab]";
        }
    }

    // Rows of one sequence would be sequences of one row.
    private static IEnumerable<string> Rows(GraphManifest graph, IReadOnlyList<CacheTensor> tensors)
    {
        var rows = graph.Inputs.FirstOrDefault(input => input.Name == graph.NameOf(GraphManifest.Embeds));
        var batches = tensors.Where(tensor => tensor.Batch is not null)
            .Select(tensor => graph.Inputs.FirstOrDefault(input => input.Name == tensor.Past)?.Shape
                .ElementAtOrDefault(tensor.Batch!.Value).ToString())
            .Where(name => !string.IsNullOrEmpty(name)).ToHashSet(StringComparer.Ordinal);
        if (rows is not { Shape: [var first, var second, _] })
        {
            yield break;
        }

        var (sequences, tokens, said, other) = graph.Cache!.SequenceFirst is true
            ? (second, first, "[sequence, batch, hidden]", "[batch, sequence, hidden]")
            : (first, second, "[batch, sequence, hidden]", "[sequence, batch, hidden]");

        // A number of rows is one: they run one by one, beside states of one sequence too.
        if (tokens.ValueKind == JsonValueKind.String && batches.Contains(tokens.ToString())
            && !batches.Contains(sequences.ToString()))
        {
            yield return $"'{rows.Name}' is {other}, not {said}";
        }
    }

    // What the graph leaves free may grow.
    private static IEnumerable<string> States(GraphManifest graph, IReadOnlyList<CacheTensor> tensors) => tensors
        .Where(tensor => tensor.IsState && graph.Inputs.Any(input => input.Name == tensor.Past
            && GraphFaults.Axes(input).Index().Any(axis => axis.Item < 0 && axis.Index != tensor.Batch)))
        .Select(tensor => $"'{tensor.Past}' has no axis '{CacheTensorManifest.Length}', and its graph leaves others "
            + $"than '{CacheTensorManifest.Batch}' free");

    // A sliding layer keeps no more than its window: a length that the engine does not count.
    private static IEnumerable<string> Lengths(GraphManifest graph, IReadOnlyList<CacheTensor> tensors)
    {
        var lengths = tensors
            .Select(tensor => (tensor.Length, graph.Inputs.FirstOrDefault(input => input.Name == tensor.Past)?.Shape))
            .Where(entry => entry.Length >= 0 && entry.Shape?.Count > entry.Length)
            .Select(entry => entry.Shape![entry.Length]).DistinctBy(length => length.ToString()).ToArray();
        if (lengths.Length > 1)
        {
            yield return "layers have caches of different lengths";
        }

        foreach (var length in lengths.Where(length => length.ValueKind == JsonValueKind.Number))
        {
            yield return $"caches have a length of {length} and do not grow";
        }
    }
}
