using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Sound;

/// <summary>wav2vec 2.0, HuBERT and WavLM: raw sound through convolutions, then BERT's layers; norms come before each
/// part in the larger ones. It is written as other exporters write it, from sound on.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="root">What the names of its tensors begin with, and its <c>model_type</c>.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Wav2Vec2(string name, string root, SoundHead head) : IArchitecture
{
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
        foreach (var flag in new[] { "add_adapter", "use_weighted_layer_sum", "conv_pos_batch_norm" })
        {
            config.RefuseFlag(flag);
        }

        config.RefuseUnless("feat_extract_norm", "group", "layer");
        if (config.FindSize("adapter_attn_dim") is { } adapted)
        {
            throw new RefusedException($"config.json: adapter_attn_dim is {adapted}; it must be null");
        }

        var sizes = new EncoderSizes(
            config.Size("hidden_size"),
            config.Size("intermediate_size"),
            config.Size("num_hidden_layers"),
            config.Size("num_attention_heads"),
            config.Text("hidden_act") ?? "gelu",
            config.Positive("layer_norm_eps", 1e-5));
        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, sizes.Hidden, new WaveStart(config, root).Append);
        var layers = new EncoderLayers(encoder, sizes, Layer, $"{root}.encoder.layers")
        {
            Attention = root == "wavlm" && Gated(encoder, config, sizes) is var gated
                ? (_, name, tensor, rows) => gated.Append(name, tensor, rows)
                : null,
        };
        var norm = $"{root}.encoder.layer_norm";
        var rows = config.Flag("do_stable_layer_norm", false)
            ? layers.AppendPreNorm(encoder.Embeds, norm)
            : layers.AppendPostNorm(sizes.Norm.Append(encoder, "embedding_norm", norm, encoder.Embeds));
        AppendHead(encoder, config, rows);
        return new ExportedModel(
            encoder,
            sizes.Hidden,
            config.FindSize("vocab_size") ?? 32,
            int.MaxValue,
            IsTied: false,
            new Dictionary<string, CheckpointTensor>())
        {
            WholeGraphs = new Dictionary<string, ModelGraph> { ["vision.onnx"] = encoder },
        };
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
            },
            $"{root}.encoder.layers.0.attention.rel_attn_embed");
    }

    private void AppendHead(EncoderGraph encoder, ConfigJson config, string rows)
    {
        var (graph, hidden) = (encoder.Graph, encoder.HiddenSize);
        if (head == SoundHead.Hidden)
        {
            HiddenRows.Append(encoder, rows);
            return;
        }

        if (head == SoundHead.Letters)
        {
            RowHead.AppendLabels(encoder, rows, "lm_head", config.FindSize("vocab_size") ?? 32);
            return;
        }

        var (narrow, labels) = (config.FindSize("classifier_proj_size") ?? 256, Labels.Read(config).Names.Count);
        var projected = Linear.FromLinear(encoder, "head.projector", rows, "projector", hidden, narrow, hasBias: true);
        var mean = graph.Add(
            "ReduceMean",
            "head.mean",
            [projected, graph.AddConstant("head.axis", 1)],
            NodeAttribute.Int("keepdims", 0));
        var scores = Linear.FromLinear(encoder, "head", mean, "classifier", narrow, labels, hasBias: true);
        graph.Append("", "Identity", "head/Identity", [scores], [EncoderPorts.Logits]);
        graph.AddOutput(EncoderPorts.Logits, encoder.Weights.Dtype, "batch", labels);
    }
}
