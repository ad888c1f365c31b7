using Stip.Export.Blocks;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>The text tower of CLAP: RoBERTa whose pooled row is brought into the space that texts share with sounds.
/// </summary>
internal sealed class ClapText : IArchitecture
{
    private const string Root = "text_model";
    private const string Projection = "text_projection";
    private const string Defaults = """
        {"vocab_size": 50265, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
         "intermediate_size": 3072, "max_position_embeddings": 514, "type_vocab_size": 1}
        """;

    public string Name => "ClapTextModelWithProjection";

    public string ModelType => "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults(Defaults);
        var basis = Bert.ReadConfig(config, Roberta.FirstPosition(config));
        var model = TextEncoder.Build(
            checkpoint, dtype, basis, Bert.Names(Root) with { Pooler = null }, TextHead.Hidden);
        var encoder = (EncoderGraph)model.Graph;
        var (graph, hidden, width) = (
            encoder.Graph, basis.Sizes.Hidden, config.FindSize("projection_dim") ?? 512);
        var pooled = Activation.Append(graph, "tanh", "pooler.act", Linear.FromLinear(
            encoder,
            "pooler",
            FirstRow.Append(encoder, EncoderPorts.Hidden),
            $"{Root}.pooler.dense",
            hidden,
            hidden,
            hasBias: true));
        var first = Activation.Append(
            graph,
            config.Text("projection_hidden_act") ?? "relu",
            "projection.act",
            Linear.FromLinear(encoder, "projection.0", pooled, $"{Projection}.linear1", hidden, width, hasBias: true));
        var text = Linear.FromLinear(
            encoder, "projection.1", first, $"{Projection}.linear2", width, width, hasBias: true);
        graph.Append("", "Identity", "text_embeds/Identity", [text], [EncoderPorts.TextEmbeds]);
        graph.AddOutput(EncoderPorts.TextEmbeds, dtype, "batch", width);
        return model;
    }
}
