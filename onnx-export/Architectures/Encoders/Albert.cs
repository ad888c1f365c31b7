using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>ALBERT: BERT with narrow tables, whose layers of one group share their weights.</summary>
internal sealed class Albert(string name, TextHead head) : IArchitecture
{
    private const string Layers = "albert.encoder.albert_layer_groups";

    private static readonly EncoderLayerNames Layer = new(
        Query: "attention.query",
        Key: "attention.key",
        Value: "attention.value",
        Output: "attention.dense",
        AttentionNorm: "attention.LayerNorm",
        Up: "ffn",
        Down: "ffn_output",
        FeedForwardNorm: "full_layer_layer_norm");

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "albert" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var rowSize = config.FindSize("embedding_size") ?? 128;
        if (config.FindSize("inner_group_num") is > 1 and var inner)
        {
            throw new RefusedException($"config.json: inner_group_num is {inner}; it must be 1");
        }

        var basis = Bert.ReadConfig(config, firstPosition: 0);
        var sizes = basis.Sizes with { Activation = config.Text("hidden_act") ?? "gelu_new" };
        var groups = config.FindSize("num_hidden_groups") ?? 1;
        return TextEncoder.Build(
            checkpoint, dtype, basis with { Sizes = sizes, RowSize = rowSize }, Names(sizes.Layers, groups), head);
    }

    private static TextEncoderNames Names(int layers, int groups)
    {
        int Group(int layer) => layer * groups / layers;
        return new TextEncoderNames(
            Words: "albert.embeddings.word_embeddings.weight",
            Positions: "albert.embeddings.position_embeddings.weight",
            TokenTypes: "albert.embeddings.token_type_embeddings.weight",
            EmbeddingNorm: "albert.embeddings.LayerNorm",
            Layers,
            Layer)
        {
            MaskedWords = new MaskedWordsHead(
                "predictions.dense", "predictions.LayerNorm", "predictions.decoder.weight", "predictions.bias"),
            Pooler = "albert.pooler",
            Classifier = new ClassifierHead("albert.pooler", "tanh", "classifier"),
            Projection = "albert.encoder.embedding_hidden_mapping_in",
            AlwaysProjects = true,
            Stored = layer => $"{Group(layer)}.albert_layers.0",
            ShareAs = weight => weight.Split('.', 3) is ["layers", var layer, var part]
                && int.TryParse(layer, out var index) ? $"groups.{Group(index)}.{part}" : weight,
        };
    }
}
