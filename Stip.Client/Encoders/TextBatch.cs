using System.Runtime.InteropServices;
using Stip.Client.Bundles;
using Stip.Client.Embedding;

namespace Stip.Client.Encoders;

/// <summary>Texts of one pass: rows of each, and rows that do not count after the shorter ones.</summary>
internal static class TextBatch
{
    /// <param name="bundle">Of a model whose rows are float32 on the wire.</param>
    /// <param name="texts">Token ids of each text, at least one.</param>
    /// <param name="types">Segments of each text's tokens; null where all are of the first.</param>
    public static ForwardRows Embed(
        Bundle bundle, IReadOnlyList<int[]> texts, IReadOnlyList<int[]>? types = null)
    {
        if (bundle.TokenLayers is { } layers)
        {
            return Run(layers, texts, types);
        }

        var tables = bundle.Embedding;
        var length = texts.Max(ids => ids.Length);
        var rows = new float[texts.Count * length * tables.HiddenSize]; // [batch, seq, hidden]
        var mask = new long[texts.Count * length]; // [batch, seq]
        for (var text = 0; text < texts.Count; text++)
        {
            var ids = texts[text];
            var first = text * length;
            var own = rows.AsSpan(first * tables.HiddenSize, ids.Length * tables.HiddenSize);
            tables.WriteRows(ids, types is null ? [] : types[text], 0, MemoryMarshal.AsBytes(own));
            mask.AsSpan(first, ids.Length).Fill(1);
        }

        return new ForwardRows(
            bundle.Layers?.Pass(rows, mask, texts.Count, length) ?? rows, mask, texts.Count, length);
    }

    private static ForwardRows Run(TokenLayers layers, IReadOnlyList<int[]> texts, IReadOnlyList<int[]>? types)
    {
        var length = texts.Max(ids => ids.Length);
        var size = texts.Count * length; // [batch, seq] each
        var (ids, segments, mask) = (new long[size], new long[size], new long[size]);
        for (var text = 0; text < texts.Count; text++)
        {
            layers.CheckIds(texts[text]);
            for (var place = 0; place < texts[text].Length; place++)
            {
                var cell = text * length + place;
                (ids[cell], mask[cell]) = (texts[text][place], 1);
                segments[cell] = types?[text] is { Length: > 0 } own ? own[place] : 0;
            }
        }

        return new ForwardRows(layers.Pass(ids, segments, mask, texts.Count, length), mask, texts.Count, length);
    }
}
