using System.Text.Json;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Protection.Blocks;

/// <summary>
/// Passes through a decoder with a shared cache: prompts into an empty cache, and single tokens after random states.
/// The buffer is as long as the sequence, so that every row of it is written, or as the window that bounds it.
/// </summary>
internal sealed class CachedPasses(PlainModel plain, ProtectedModel moved, GraphPart part, Random random)
{
    private const int MostTokens = 24;

    /// <summary>The pass of a sample; every second one is a single token.</summary>
    public PassPair Make(EmbeddingTables plainTables, EmbeddingTables movedTables, int sample)
    {
        var (past, tokens) = Sizes(sample);
        long[] ids = [.. Enumerable.Range(0, tokens).Select(_ => (long)random.Next(plain.Manifest.VocabSize))];
        var rows = new PassPair(
            new() { [DecoderPorts.Embeds] = Rows(plainTables.Embed(ids, past), tokens) },
            new() { [DecoderPorts.Embeds] = Rows(movedTables.Embed(ids, past), tokens) });
        var first = plain.Parts.FirstOrDefault(other => other.IsClient && other.Role == part.Role);
        return Completed(first is null ? rows : Through(first, rows, past, tokens), part, past, tokens);
    }

    // The first layers, where they are the client's.
    private PassPair Through(GraphPart layers, PassPair rows, int past, int tokens)
    {
        var given = Completed(
            new PassPair(
                new() { [ClientLayers.Rows] = rows.Plain[DecoderPorts.Embeds] },
                new() { [ClientLayers.Rows] = rows.Moved[DecoderPorts.Embeds] }),
            layers,
            past,
            tokens);
        using var mine = new GraphRunner(layers.Model, plain.Folder);
        using var other = new GraphRunner(moved.PathOf(layers));
        string[] wanted = [DecoderPorts.Embeds];
        return new PassPair(
            new() { [DecoderPorts.Embeds] = mine.Run(given.Plain, wanted)[DecoderPorts.Embeds] },
            new() { [DecoderPorts.Embeds] = other.Run(given.Moved, wanted)[DecoderPorts.Embeds] });
    }

    private (int Past, int Tokens) Sizes(int sample)
    {
        var longest = Math.Min(MostTokens, plain.Manifest.ContextLength);
        return sample % 2 == 0 || longest < 2 ? (0, random.Next(1, longest + 1)) : (random.Next(1, longest), 1);
    }

    private PassPair Completed(PassPair pair, GraphPart graph, int past, int tokens)
    {
        var windows = BoundedCaches.Of(graph.Graph);
        foreach (var input in GraphSignature.Inputs(graph.Graph).Where(input => !pair.Plain.ContainsKey(input.Name)))
        {
            var rows = Math.Max(past + tokens, windows.GetValueOrDefault(input.Name));
            var given = Value(input.Name, [.. input.Shape], past, tokens, rows);
            pair.Plain[input.Name] = given;
            pair.Moved[input.Name] = moved.Protect(graph.Key, input.Name, given);
        }

        return pair;
    }

    private HostTensor Value(string name, JsonElement[] shape, int past, int tokens, int rows) => name switch
    {
        DecoderPorts.Lengths => HostTensor.FromIntegers([past + tokens - 1L], 1),
        DecoderPorts.TotalLength => HostTensor.FromIntegers([(long)past + tokens]),
        DecoderPorts.Rows => HostTensor.FromIntegers([.. Enumerable.Range(0, tokens).Select(row => (long)row)], tokens),
        DecoderPorts.Positions => HostTensor.FromIntegers(
            [.. Enumerable.Range(past, tokens).Select(position => (long)position)], 1, tokens),
        _ => Cache(shape[1].GetInt32(), past, rows, shape[3].GetInt32()),
    };

    // [1, kv_heads, total, head_dim], of which the first rows are cached.
    private HostTensor Cache(int heads, int past, int total, int width)
    {
        var values = new float[heads * total * width];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = i / width % total < past ? random.NextSingle() - 0.5f : 0;
        }

        return HostTensor.FromFloats(values, 1, heads, total, width);
    }

    private static HostTensor Rows(float[] values, int tokens) =>
        HostTensor.FromFloats(values, 1, tokens, values.Length / tokens);
}
