using Stip.Export.Checkpoints;

namespace Stip.Export.Blocks.FeedForward;

/// <summary>Which layers of a Qwen have experts.</summary>
internal static class SparseLayers
{
    public static IReadOnlyList<bool> Read(ConfigJson config, DecoderShape shape)
    {
        var step = config.FindSize("decoder_sparse_step") ?? 1;
        var plain = config.Integers("mlp_only_layers") ?? [];
        return [.. Enumerable.Range(0, shape.Layers).Select(
            layer => (layer + 1) % step == 0 && !plain.Contains(layer))];
    }
}
