using Stip.Export.Blocks;
using Stip.Export.Blocks.Sequences;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Sequences;

/// <summary>LED: BART for long texts. Tokens of the encoder see those near them and the first one, which sees all, as
/// its publishers use it; the decoder is BART's.</summary>
internal sealed class Led : IArchitecture
{
    private const string Root = "led";
    private const string HeadName = "lm_head.weight";
    private const string LogitsBias = "final_logits_bias";
    private const int DefaultWindow = 512;

    public string Name => "LEDForConditionalGeneration";

    public string ModelType => "led";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config, checkpoint.Tensors);
        var (hidden, vocabulary) = (config.Size("d_model"), config.Size("vocab_size"));
        var words = SequenceTables.Words(
            tensors,
            vocabulary,
            hidden,
            HeadName,
            $"{Root}.shared.weight",
            $"{Root}.encoder.embed_tokens.weight",
            $"{Root}.decoder.embed_tokens.weight");
        var encoder = Stack(config, tensors, hidden, "encoder", defaultPositions: 16384);
        var decoder = Stack(config, tensors, hidden, "decoder", defaultPositions: 1024);
        encoder = encoder with
        {
            Own = new AttentionNames(Own("query"), Own("key"), Own("value"), "self_attn.output", encoder.Own.Norm),
            Farthest = Farthest(config, encoder.Count),
        };
        var headDim = BartStack.HeadDim(hidden, encoder, decoder);
        return SequenceModel.Build(checkpoint, dtype, new SequenceFamily(
            hidden,
            headDim,
            vocabulary,
            Norm.Layer(1e-5),
            config.Text("activation_function") ?? "gelu",
            encoder,
            decoder)
        {
            IsPreNorm = false,
            HasBiases = true,
            Scale = 1 / Math.Sqrt(headDim),
            Words = words,
            Head = SequenceTables.Head(tensors, HeadName, words, config.Flag("tie_word_embeddings", true)),
            HeadBias = tensors.Has(LogitsBias)
                ? new ReshapedTensor(tensors.Require(LogitsBias, 1, vocabulary), [vocabulary])
                : null,
        });

        static string Own(string part) => $"self_attn.longformer_self_attn.{part}";
    }

    private static SequenceStack Stack(
        ConfigJson config, ITensorStore tensors, int hidden, string side, int defaultPositions)
    {
        var count = config.FindSize($"max_{side}_position_embeddings") ?? defaultPositions;
        return BartStack.Layers(config, side) with
        {
            Layers = $"{Root}.{side}.layers",
            Positions = tensors.Require($"{Root}.{side}.embed_positions.weight", count, hidden),
            EmbeddingNorm = $"{Root}.{side}.layernorm_embedding",
        };
    }

    private static Func<int, int> Farthest(ConfigJson config, int layers)
    {
        var windows = config.Sizes("attention_window") ?? [DefaultWindow];
        return windows.All(window => window % 2 == 0) && (windows.Count == 1 || windows.Count == layers)
            ? layer => windows[windows.Count > 1 ? layer : 0] / 2
            : throw new RefusedException($"config.json: attention_window is {string.Join(", ", windows)}; it must be "
                + $"one even number, or one for each of the {layers} layers of the encoder");
    }
}
