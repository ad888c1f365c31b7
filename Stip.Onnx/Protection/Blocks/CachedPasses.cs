using System.Text.Json;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Protection.Blocks;

/// <summary>
/// Passes through a decoder with a shared cache: prompts into an empty cache, and single tokens after random states, of
/// several sequences at once and of one. The buffer is as long as the longest sequence, or as the window that bounds
/// it.
/// </summary>
internal sealed class CachedPasses(PlainModel plain, ProtectedModel moved, GraphPart part, Random random)
{
    private const int MostTokens = 24;
    private const int MostSequences = 3;

    // Prompts and single tokens, each of several sequences and of one.
    private const int Kinds = 4;

    /// <summary>The pass of a sample; every second one is a single token, and two of four are batches, whose sequences
    /// have lengths of their own.</summary>
    public PassPair Make(EmbeddingTables plainTables, EmbeddingTables movedTables, int sample)
    {
        var (past, tokens) = Sizes(sample);
        long[][] ids = [.. past.Select(_ => Enumerable.Range(0, tokens)
            .Select(_ => (long)random.Next(plain.Manifest.VocabSize)).ToArray())];
        var rows = new PassPair(
            new() { [DecoderPorts.Embeds] = Rows(plainTables, ids, past) },
            new() { [DecoderPorts.Embeds] = Rows(movedTables, ids, past) });
        var first = plain.Parts.FirstOrDefault(other => other.IsClient && other.Role == part.Role);
        return Completed(first is null ? rows : Through(first, rows, past, tokens), part, past, tokens);
    }

    // The first layers, where they are the client's.
    private PassPair Through(GraphPart layers, PassPair rows, int[] past, int tokens)
    {
        var given = Completed(
            new PassPair(
                new() { [ClientLayers.Rows] = rows.Plain[DecoderPorts.Embeds] },
                new() { [ClientLayers.Rows] = rows.Moved[DecoderPorts.Embeds] }),
            layers,
            past,
            tokens);
        using var mine = WideTypes.Open(layers.Model, plain.FolderOf(layers));
        using var other = WideTypes.Open(moved.PathOf(layers));
        string[] wanted = [DecoderPorts.Embeds];
        return new PassPair(
            new() { [DecoderPorts.Embeds] = mine.Run(given.Plain, wanted)[DecoderPorts.Embeds] },
            new() { [DecoderPorts.Embeds] = other.Run(given.Moved, wanted)[DecoderPorts.Embeds] });
    }

    // Cached tokens of every sequence, and new tokens of each.
    private (int[] Past, int Tokens) Sizes(int sample)
    {
        var longest = Math.Min(MostTokens, plain.Manifest.ContextLength);
        var sequences = sample % Kinds < 2 ? random.Next(2, MostSequences + 1) : 1;
        return sample % 2 == 0 || longest < 2
            ? (new int[sequences], random.Next(1, longest + 1))
            : ([.. Enumerable.Range(0, sequences).Select(_ => random.Next(1, longest))], 1);
    }

    private PassPair Completed(PassPair pair, GraphPart graph, int[] past, int tokens)
    {
        var windows = BoundedCaches.Of(graph.Graph);
        foreach (var input in GraphSignature.Inputs(graph.Graph).Where(input => !pair.Plain.ContainsKey(input.Name)))
        {
            var rows = Math.Max(past.Max() + tokens, windows.GetValueOrDefault(input.Name));
            var given = Value(input.Name, [.. input.Shape], past, tokens, rows);
            pair.Plain[input.Name] = given;
            pair.Moved[input.Name] = moved.Protect(graph.Key, input.Name, given);
        }

        return pair;
    }

    private HostTensor Value(string name, JsonElement[] shape, int[] past, int tokens, int rows) => name switch
    {
        DecoderPorts.Lengths => HostTensor.FromIntegers(
            [.. past.Select(cached => cached + tokens - 1L)], past.Length),
        DecoderPorts.TotalLength => HostTensor.FromIntegers([(long)past.Max() + tokens]),
        DecoderPorts.Rows => HostTensor.FromIntegers(
            [.. Enumerable.Range(0, past.Length * tokens).Select(row => (long)row)], past.Length * tokens),
        DecoderPorts.Positions => HostTensor.FromIntegers(
            [.. past.SelectMany(cached => Enumerable.Range(cached, tokens)).Select(position => (long)position)],
            past.Length,
            tokens),
        _ => Cache(shape[1].GetInt32(), past, rows, shape[3].GetInt32()),
    };

    // [batch, kv_heads, rows, head_dim], of which the first rows of each sequence are cached.
    private HostTensor Cache(int heads, int[] past, int rows, int width)
    {
        var values = new float[past.Length * heads * rows * width];
        for (var i = 0; i < values.Length; i++)
        {
            var cached = past[i / width / rows / heads];
            values[i] = i / width % rows < cached ? random.NextSingle() - 0.5f : 0;
        }

        return HostTensor.FromFloats(values, past.Length, heads, rows, width);
    }

    // [batch, tokens, hidden]
    private static HostTensor Rows(EmbeddingTables tables, long[][] ids, int[] past)
    {
        float[] values = [.. ids.Zip(past).SelectMany(sequence => tables.Embed(sequence.First, sequence.Second))];
        return HostTensor.FromFloats(values, ids.Length, ids[0].Length, values.Length / ids.Length / ids[0].Length);
    }
}
