using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Sound;

/// <summary>wav2vec 2.0, HuBERT, WavLM and Data2VecAudio: raw sound through convolutions, then BERT's layers; norms
/// come before each part in the larger ones. It is written as other exporters write it, from sound on.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="root">What the names of its tensors begin with, and its <c>model_type</c>.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Wav2Vec2(string name, string root, SoundHead head) : IArchitecture
{
    private const double AdapterEpsilon = 1e-5;

    private static readonly EncoderLayerNames Layer = new(
        Query: "attention.q_proj",
        Key: "attention.k_proj",
        Value: "attention.v_proj",
        Output: "attention.out_proj",
        AttentionNorm: "layer_norm",
        Up: "feed_forward.intermediate_dense",
        Down: "feed_forward.output_dense",
        FeedForwardNorm: "final_layer_norm");

    public string Name => name;

    public string ModelType => head == SoundHead.Hidden ? root.Replace('_', '-') : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseFlag("add_adapter");
        config.RefuseFlag("conv_pos_batch_norm");
        config.RefuseUnless("feat_extract_norm", "group", "layer");
        var sizes = new EncoderSizes(
            config.Size("hidden_size"),
            config.Size("intermediate_size"),
            config.Size("num_hidden_layers"),
            config.Size("num_attention_heads"),
            config.Text("hidden_act") ?? "gelu",
            config.Positive("layer_norm_eps", 1e-5));
        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, sizes.Hidden, new WaveStart(config, root).Append);
        List<string> states = [];
        var layers = new EncoderLayers(encoder, sizes, Layer, $"{root}.encoder.layers")
        {
            Attention = root == "wavlm" && Gated(encoder, config, sizes) is var gated
                ? (_, name, tensor, rows) => gated.Append(name, tensor, rows)
                : null,
            After = (_, rows) =>
            {
                states.Add(rows);
                return rows;
            },
        };
        new SoundEnd(encoder, config).Append(head, config.Flag("do_stable_layer_norm", false)
            ? PreNormed(encoder, config, layers, sizes)
            : PostNormed(encoder, layers, sizes, states));
        return ExportedModel.FromSignals(encoder, config.FindSize("vocab_size") ?? 32);
    }

    private List<string> PostNormed(
        EncoderGraph encoder, EncoderLayers layers, EncoderSizes sizes, List<string> states)
    {
        var rows = sizes.Norm.Append(encoder, "embedding_norm", $"{root}.encoder.layer_norm", encoder.Embeds);
        layers.AppendPostNorm(rows);
        return [rows, .. states];
    }

    private GatedDistanceAttention Gated(EncoderGraph encoder, ConfigJson config, EncoderSizes sizes)
    {
        var buckets = config.FindSize("num_buckets") ?? 320;
        return new GatedDistanceAttention(
            encoder,
            sizes,
            Layer,
            new DistanceBias(buckets, sizes.Heads)
            {
                Buckets = buckets,
                Farthest = config.FindSize("max_bucket_distance") ?? 800,
                Fields = ("num_buckets", "max_bucket_distance"),
            },
            $"{root}.encoder.layers.0.attention.rel_attn_embed");
    }

    // Frames before the first layer and after each; those after the last one go through a norm.
    private List<string> PreNormed(
        EncoderGraph encoder, ConfigJson config, EncoderLayers layers, EncoderSizes sizes)
    {
        var stream = new ResidualStream(encoder, encoder.Embeds);
        List<string> states = [encoder.Embeds];
        var adapter = config.FindSize("adapter_attn_dim");
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            layers.AppendPreNorm(stream, layer);
            if (adapter is { } width)
            {
                stream.Add(Adapted(encoder, layer, width, stream.Sum($"layers.{layer}.unadapted")));
            }

            // Sums that nobody reads are left to the norms.
            if (layer + 1 < sizes.Layers && config.Flag("use_weighted_layer_sum", false))
            {
                states.Add(stream.Sum($"layers.{layer}.frames"));
            }
        }

        states.Add(stream.Through(sizes.Norm, "final_norm", $"{root}.encoder.layer_norm"));
        return states;
    }

    // What a language adds to each layer (MMS, arXiv 2305.13516).
    private string Adapted(EncoderGraph encoder, int layer, int width, string rows)
    {
        var (name, tensor) = ($"layers.{layer}.adapter", $"{root}.encoder.layers.{layer}.adapter_layer");
        var normed = Norm.Layer(AdapterEpsilon).Append(encoder, $"{name}.norm", $"{tensor}.norm", rows);
        var narrow = encoder.Graph.Add("Relu", $"{name}.act", [Linear.FromLinear(
            encoder, $"{name}.down", normed, $"{tensor}.linear_1", encoder.HiddenSize, width, hasBias: true)]);
        return Linear.FromLinear(
            encoder, $"{name}.up", narrow, $"{tensor}.linear_2", width, encoder.HiddenSize, hasBias: true);
    }
}
