using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>The text tower of Chinese-CLIP: BERT whose first row is brought into the space that texts share with
/// images.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="isProjected">True where texts end in that space.</param>
internal sealed class ChineseClipText(string name, bool isProjected) : IArchitecture
{
    private const string Defaults = """
        {"vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
         "intermediate_size": 3072, "max_position_embeddings": 512}
        """;

    public string Name => name;

    public string ModelType => isProjected ? "" : "chinese_clip_text_model";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = Bert.ReadConfig(checkpoint.Config.WithDefaults(Defaults), firstPosition: 0);
        var names = Bert.Names("text_model") with { Pooler = null };
        var model = TextEncoder.Build(checkpoint, dtype, config, names, TextHead.Hidden);
        if (isProjected)
        {
            var encoder = (EncoderGraph)model.Graph;
            var (hidden, width) = (config.Sizes.Hidden, checkpoint.Config.FindSize("projection_dim") ?? 512);
            var text = Linear.FromLinear(
                encoder,
                "projection",
                FirstRow.Append(encoder, EncoderPorts.Hidden),
                "text_projection",
                hidden,
                width,
                hasBias: false);
            encoder.Graph.Append("", "Identity", "text_embeds/Identity", [text], [EncoderPorts.TextEmbeds]);
            encoder.Graph.AddOutput(EncoderPorts.TextEmbeds, dtype, "batch", width);
        }

        return isProjected ? model : model with { Pooling = "cls" };
    }
}
