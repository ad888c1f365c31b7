using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>SqueezeBERT: BERT whose projections are convolutions of width 1 in groups; here matrices with zeros for
/// what a group does not read.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class SqueezeBert(string name, TextHead head) : IArchitecture
{
    private const int DefaultGroups = 4;

    // Fixed inside layers, whatever config.json says of other norms.
    private const double LayerEpsilon = 1e-12;

    private static readonly (string Part, string Groups, int Default)[] Convolutions =
    [
        (".attention.query.weight", "q_groups", DefaultGroups),
        (".attention.key.weight", "k_groups", DefaultGroups),
        (".attention.value.weight", "v_groups", DefaultGroups),
        (".post_attention.conv1d.weight", "post_attention_groups", 1),
        (".intermediate.conv1d.weight", "intermediate_groups", DefaultGroups),
        (".output.conv1d.weight", "output_groups", DefaultGroups),
    ];

    private static readonly EncoderLayerNames Layer = new(
        Query: "attention.query",
        Key: "attention.key",
        Value: "attention.value",
        Output: "post_attention.conv1d",
        AttentionNorm: "post_attention.layernorm",
        Up: "intermediate.conv1d",
        Down: "output.conv1d",
        FeedForwardNorm: "output.layernorm");

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "squeezebert" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var basis = Bert.ReadConfig(config, firstPosition: 0);
        if ((config.FindSize("embedding_size") ?? basis.RowSize) != basis.RowSize)
        {
            throw new RefusedException(
                $"config.json: embedding_size is {config.FindSize("embedding_size")}; it must be the hidden size "
                + $"({basis.RowSize})");
        }

        var part = checkpoint.With(new ConvolvedTensors(checkpoint.Tensors, Groups));
        return TextEncoder.Build(
            part,
            dtype,
            basis with { LayerSizes = basis.Sizes with { NormEpsilon = LayerEpsilon } },
            Bert.Names("transformer") with { Layers = "transformer.encoder.layers", Layer = Layer },
            head);

        int? Groups(string tensor) =>
            Array.Find(Convolutions, kind => tensor.EndsWith(kind.Part, StringComparison.Ordinal)) is { Part: not null }
                and var (_, field, otherwise)
                ? config.FindSize(field) ?? otherwise
                : null;
    }
}
