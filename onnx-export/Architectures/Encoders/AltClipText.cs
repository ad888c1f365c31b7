using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>The text tower of AltCLIP: XLM-RoBERTa whose rows go through a norm and a matrix; the first one stands for
/// the text, or is brought into the space that texts share with images.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="isProjected">True where texts end in that space.</param>
internal sealed class AltClipText(string name, bool isProjected) : IArchitecture
{
    private const string Defaults = """
        {"vocab_size": 250002, "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16,
         "intermediate_size": 4096, "max_position_embeddings": 514, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
        """;

    public string Name => name;

    public string ModelType => isProjected ? "" : "altclip_text_model";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults(Defaults);
        var part = checkpoint.Part(config, [
            ("roberta.", "text_model.roberta."), ("pre_LN.", "text_model.pre_LN."),
            ("transformation.", "text_model.transformation."), ("", "")]);
        var basis = Bert.ReadConfig(config, Roberta.FirstPosition(config));
        var model = TextEncoder.Build(
            part, dtype, basis, Bert.Names("roberta") with { Pooler = null }, TextHead.Hidden);
        var encoder = (EncoderGraph)model.Graph;
        var (graph, hidden, width) = (
            encoder.Graph, basis.Sizes.Hidden, config.FindSize("project_dim") ?? 768);
        var rows = Linear.FromLinear(
            encoder,
            "transformation",
            basis.Sizes.Norm.Append(encoder, "last_norm", "pre_LN", graph.Withdraw(EncoderPorts.Hidden)),
            "transformation",
            hidden,
            width,
            hasBias: true);
        graph.Append("", "Identity", "last_hidden_state/Identity", [rows], [EncoderPorts.Hidden]);
        graph.AddOutput(EncoderPorts.Hidden, dtype, "batch", "seq", width);
        var first = FirstRow.Append(encoder, EncoderPorts.Hidden);
        if (!isProjected)
        {
            PoolerOutput.Append(encoder, first, width);
            return model with { Pooling = EncoderPorts.Pooled };
        }

        var shared = config.FindSize("projection_dim") ?? 768;
        var text = Linear.FromLinear(
            encoder, "projection", first, "text_projection", width, shared, hasBias: false);
        graph.Append("", "Identity", "text_embeds/Identity", [text], [EncoderPorts.TextEmbeds]);
        graph.AddOutput(EncoderPorts.TextEmbeds, dtype, "batch", shared);
        return model;
    }
}
