using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Blocks.Sequences;

/// <summary>Layers as BART names them, which its kin and Whisper share.</summary>
internal static class BartStack
{
    /// <summary>The layers of one side.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="side"><c>encoder</c> or <c>decoder</c>.</param>
    public static SequenceStack Layers(ConfigJson config, string side) => new(
        $"model.{side}.layers",
        config.Size($"{side}_layers"),
        config.Size($"{side}_attention_heads"),
        config.Size($"{side}_ffn_dim"),
        Attention("self_attn"),
        side == "encoder" ? null : Attention("encoder_attn"),
        Up: "fc1",
        Down: "fc2",
        FeedForwardNorm: "final_layer_norm");

    /// <summary>Channels of a head, the same on both sides.</summary>
    public static int HeadDim(int hidden, SequenceStack encoder, SequenceStack decoder) =>
        hidden % encoder.Heads == 0 && encoder.Heads == decoder.Heads
            ? hidden / encoder.Heads
            : throw new RefusedException($"config.json: {encoder.Heads} and {decoder.Heads} attention heads for a "
                + $"d_model of {hidden}; both sides must have the same number, and it must divide d_model");

    private static AttentionNames Attention(string part) => new(
        $"{part}.q_proj", $"{part}.k_proj", $"{part}.v_proj", $"{part}.out_proj", $"{part}_layer_norm");
}
