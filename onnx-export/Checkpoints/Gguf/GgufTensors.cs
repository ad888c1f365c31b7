using System.Globalization;
using Stip.Onnx;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>Tensors of a GGUF file under the names of a Hugging Face checkpoint.</summary>
/// <param name="file">The file.</param>
/// <param name="architecture">What it holds.</param>
/// <param name="config">Its metadata as a config.json.</param>
/// <param name="keepsBlocks">True where 4-bit blocks are to stay such.</param>
internal sealed class GgufTensors(
    GgufFile file, GgufArchitecture architecture, ConfigJson config, bool keepsBlocks) : ITensorStore
{
    // Read with the metadata, or computed anew.
    private static readonly string[] Described =
        ["rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"];

    private readonly HashSet<string> _used = new(Described, StringComparer.Ordinal);
    private readonly int _heads = config.Size("num_attention_heads");
    private readonly int _kvHeads = config.Size("num_key_value_heads");
    private readonly int _headDim = config.Size("head_dim");

    public bool Has(string name) => GgufNames.Of(name, architecture) is { } stored && file.Tensors.ContainsKey(stored);

    public double? FindNumber(string name)
    {
        var module = name.StartsWith($"{architecture.Layers}.", StringComparison.Ordinal)
            ? name[(architecture.Layers.Length + 1)..].Split('.', 2)
            : [];
        return module is [var layer, var part] && architecture.Numbers.GetValueOrDefault(part) is { } key
            && file.Metadata.Numbers(key) is { } layers
            && int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && index < layers.Count
            ? layers[index]
            : null;
    }

    public CheckpointTensor Require(string name, params ReadOnlySpan<long> shape)
    {
        var stored = GgufNames.Of(name, architecture);
        if (stored is null || !file.Tensors.TryGetValue(stored, out var info))
        {
            CheckpointTensor? made = FindNumber(name) is { } number
                ? new NumberTensor(name, (float)number)
                : FindPart(name, stored, shape);
            return made ?? FindLatent(stored, shape) ?? throw new RefusedException(
                $"the file has no tensor '{stored ?? name}', which this architecture needs ('{name}')");
        }

        RefuseUnlessShaped(info, shape);
        _used.Add(stored);
        var tensor = new GgufTensor(file, info, OrderOf(name, stored), keepsBlocks);
        return architecture.NormOffset is not 0 && GgufNames.IsNorm(name)
            ? new ShiftedTensor(tensor, -architecture.NormOffset)
            : info.Shape.Count == shape.Length ? tensor : new ReshapedTensor(tensor, shape.ToArray());
    }

    /// <summary>Refuses a file with tensors that the model has no place for: what they do would be missing.</summary>
    public void RefuseUnused()
    {
        if (file.Tensors.Keys.Where(name => !_used.Contains(name) && !IsBeyond(name))
            .Order(StringComparer.Ordinal).ToList() is [var first, ..] unused)
        {
            throw file.Metadata.Refused($"{unused.Count} of {file.Tensors.Count} tensors have no place in a "
                + $"'{architecture.Name}' model that is supported, the first is '{first}'");
        }
    }

    public void Dispose() => file.Dispose();

    private Func<long, long>? OrderOf(string name, string stored) =>
        architecture.InterleavesRotary && GgufNames.IsTurned(name) ? new RotaryRowOrder(_headDim).Source
        : architecture.OrdersHeads && GgufNames.IsPacked(stored) ? new QkvRowOrder(_heads, _kvHeads, _headDim).Source
        : null;

    // Layers after the last, which guess tokens ahead.
    private bool IsBeyond(string name) => config.Count(GgufExpertFamilies.Ahead) > 0
        && name.Split('.') is ["blk", var layer, ..]
        && int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
        && index >= config.Size("num_hidden_layers");

    // Keys and values out of a latent vector, of files that have them in two tensors.
    private LatentRows? FindLatent(string? stored, ReadOnlySpan<long> shape)
    {
        const string both = ".attn_kv_b.";
        if (stored is null || !stored.Contains(both, StringComparison.Ordinal)
            || !file.Tensors.TryGetValue(stored.Replace(both, ".attn_k_b.", StringComparison.Ordinal), out var keys)
            || !file.Tensors.TryGetValue(stored.Replace(both, ".attn_v_b.", StringComparison.Ordinal), out var values))
        {
            return null;
        }

        var still = config.Size("qk_nope_head_dim");
        RefuseUnlessShaped(keys, [_heads, shape[1], still]);
        RefuseUnlessShaped(values, [_heads, config.Size("v_head_dim"), shape[1]]);
        _used.UnionWith([keys.Name, values.Name]);
        return new LatentRows(new GgufTensor(file, keys), new GgufTensor(file, values));
    }

    // Queries, keys and values of a file that has them in one tensor, of a model whose checkpoints have three.
    private TensorRows? FindPart(string name, string? stored, ReadOnlySpan<long> shape)
    {
        var parts = new[] { ".attn_q.", ".attn_k.", ".attn_v." };
        var part = Array.FindIndex(parts, part => stored?.Contains(part, StringComparison.Ordinal) == true);
        if (part < 0 || !file.Tensors.TryGetValue(
            stored!.Replace(parts[part], ".attn_qkv.", StringComparison.Ordinal), out var whole))
        {
            return null;
        }

        var (queries, keys) = (_heads * _headDim, _kvHeads * _headDim);
        RefuseUnlessShaped(whole, [queries + 2L * keys, .. shape[1..]]);
        _used.Add(whole.Name);
        if (architecture.InterleavesRotary)
        {
            throw new RefusedException($"tensor '{whole.Name}' holds turned rows of '{name}', which is not supported");
        }

        return new TensorRows(
            new GgufTensor(file, whole, keepsBlocks: keepsBlocks),
            part == 0 ? 0 : queries + (part - 1) * keys,
            part == 0 ? queries : keys);
    }

    private static void RefuseUnlessShaped(GgufTensorInfo info, ReadOnlySpan<long> shape)
    {
        // Converters drop a first axis of length 1.
        var inner = shape.Length == info.Shape.Count + 1 && shape[0] == 1 ? shape[1..] : shape;
        if (!inner.SequenceEqual(info.Shape.ToArray()))
        {
            throw new RefusedException($"tensor '{info.Name}' has shape [{string.Join(", ", info.Shape)}]; "
                + $"the file's metadata asks for [{string.Join(", ", shape.ToArray())}]");
        }
    }
}
