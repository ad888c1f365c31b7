using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Stip.Client.Speculation;

/// <summary>The keys and values of one sequence, past and present at once, and the graph's run over them.</summary>
internal sealed class DraftCache : IDisposable
{
    private readonly DraftModel _model;
    private readonly RunOptions _options = new();
    private readonly List<OrtValue> _cache = [];
    private readonly string[] _inputs;
    private readonly string[] _outputs;
    private readonly bool _hasPositions;
    private readonly float[] _logits; // [1, vocab]

    public DraftCache(DraftModel model, int capacityTokens)
    {
        _model = model;
        _logits = new float[model.VocabSize];
        var past = model.Session.InputMetadata.Where(input => input.Key.StartsWith("past_", StringComparison.Ordinal))
            .OrderBy(input => input.Key, StringComparer.Ordinal).ToArray();
        foreach (var (_, metadata) in past)
        {
            var shape = metadata.Dimensions; // [batch, kv_heads, max_len, head_dim]
            // A cache that a window bounds has room for the window at least, and lets nothing go with room for all.
            var rows = Math.Max(capacityTokens, model.Folder.LargestWindow);
            _cache.Add(OrtValue.CreateAllocatedTensorValue(
                OrtAllocator.DefaultInstance, metadata.ElementDataType, [1, shape[1], rows, shape[3]]));
        }

        _hasPositions = model.Session.InputMetadata.ContainsKey("position_ids");
        _inputs =
        [
            "inputs_embeds", "seqlens_k", "total_sequence_length", "logits_rows",
            .. _hasPositions ? ["position_ids"] : Array.Empty<string>(),
            .. past.Select(input => input.Key),
        ];
        _outputs =
        [
            "logits",
            .. past.Select(input => input.Key.Replace("past_key_values", "present", StringComparison.Ordinal)),
        ];
    }

    /// <summary>Appends tokens after so many cached ones.</summary>
    /// <returns><c>[vocab]</c>, after the last token; overwritten by the next run.</returns>
    public ReadOnlySpan<float> Run(ReadOnlySpan<int> tokens, int cachedTokens)
    {
        var rows = new float[tokens.Length * _model.Embedding.HiddenSize]; // [1, n, hidden]
        _model.Embedding.WriteRows(tokens, cachedTokens, MemoryMarshal.AsBytes(rows.AsSpan()));
        var length = cachedTokens + tokens.Length;
        List<OrtValue> own =
        [
            OrtValue.CreateTensorValueFromMemory(rows, [1, tokens.Length, _model.Embedding.HiddenSize]),
            OrtValue.CreateTensorValueFromMemory(new[] { length - 1 }, [1]),
            OrtValue.CreateTensorValueFromMemory(new[] { length }, []),
            OrtValue.CreateTensorValueFromMemory(new[] { tokens.Length - 1L }, [1]),
        ];
        if (_hasPositions)
        {
            var positions = Enumerable.Range(cachedTokens, tokens.Length).Select(place => (long)place).ToArray();
            own.Add(OrtValue.CreateTensorValueFromMemory(positions, [1, tokens.Length]));
        }

        using var logits = OrtValue.CreateTensorValueFromMemory(_logits, [1, _logits.Length]);
        _model.Session.Run(_options, _inputs, [.. own, .. _cache], _outputs, [logits, .. _cache]);
        own.ForEach(value => value.Dispose());
        return _logits;
    }

    public void Dispose()
    {
        _cache.ForEach(value => value.Dispose());
        _options.Dispose();
    }
}
