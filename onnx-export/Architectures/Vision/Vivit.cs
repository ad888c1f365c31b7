using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Vision;

/// <summary>ViViT: ViT on blocks of a few frames each. It is written as other exporters write it, from pixels
/// on.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Vivit(string name, VisionHead head) : IArchitecture
{
    private const string Root = "vivit";
    private const string Embeddings = $"{Root}.embeddings";
    private const string Defaults = """
        {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
         "hidden_act": "gelu_fast", "layer_norm_eps": 1e-6}
        """;

    public string Name => name;

    public string ModelType => head == VisionHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults(Defaults);
        var sizes = Vit.ReadSizes(config);
        var encoder = new EncoderGraph(checkpoint.Tensors, dtype, sizes.Hidden, graph => Start(graph, config));
        var rows = new EncoderLayers(encoder, sizes, Vit.Layer, $"{Root}.encoder.layer").AppendPreNorm(
            encoder.Embeds, $"{Root}.layernorm");
        if (head == VisionHead.Classes)
        {
            new ClassifierHead(Dense: null, Activation: "", Output: "classifier").Append(
                encoder, FirstRow.Append(encoder, rows), Labels.Read(config).Names.Count);
        }
        else
        {
            HiddenRows.Append(encoder, rows);
            PoolerOutput.AppendDense(encoder, $"{Root}.pooler.dense", "tanh", sizes.Hidden);
        }

        return ImageTail.Model(encoder);
    }

    private static string Start(EncoderGraph encoder, ConfigJson config)
    {
        var block = config.Sizes("tubelet_size") ?? [2, 16, 16];
        if (block.Count != 3 || block[1] != block[2])
        {
            throw new RefusedException(
                $"config.json: tubelet_size is {string.Join(" × ", block)}; "
                + "it must be frames × side × the same side");
        }

        var side = $$"""{"patch_size": {{block[1]}}}""";
        var cut = PatchSizes.Read(config.With(side), defaultImage: 224, block[1]);
        var blocks = new FrameBlocks(config.FindSize("num_frames") ?? 32, block[0], cut);
        var (hidden, tensors) = (encoder.HiddenSize, encoder.Tensors);
        var rows = blocks.Append(encoder, $"{Embeddings}.patch_embeddings.projection");
        var positions = new ReshapedTensor(
            tensors.Require($"{Embeddings}.position_embeddings", 1, blocks.Count + 1, hidden),
            [blocks.Count + 1, hidden]);
        var places = encoder.AddWeight("positions", encoder.Weights.Rows(
            [1, blocks.Count, hidden], [new TensorRows(positions, 1, blocks.Count)], 1));
        return LeadingToken.Append(
            encoder,
            tensors.Require($"{Embeddings}.cls_token", 1, 1, hidden),
            new TensorRows(positions, 0, 1),
            encoder.Graph.Add("Add", "positions/Add", [rows, places]),
            EncoderPorts.Pixels,
            hidden);
    }
}
