using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>ConvBERT: ELECTRA half of whose heads are convolutions that each row makes for itself.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class ConvBert(string name, TextHead head) : IArchitecture
{
    private const string Root = "convbert";

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var basis = Bert.ReadConfig(config, firstPosition: 0);
        var (heads, kernel) = (basis.Sizes.Heads, config.FindSize("conv_kernel_size") ?? 9);
        var ratio = config.FindSize("head_ratio") ?? 2;
        if (ratio != 2 || heads % 2 != 0 || kernel % 2 == 0)
        {
            throw new RefusedException($"config.json: head_ratio is {ratio}, num_attention_heads {heads} and "
                + $"conv_kernel_size {kernel}; they must be 2, even and odd");
        }

        var part = config.FindSize("num_groups") is > 1 and var groups
            ? checkpoint.With(new BlockTensors(checkpoint.Tensors, groups, IsGrouped))
            : checkpoint;
        return TextEncoder.Build(
            part,
            dtype,
            basis with { RowSize = config.FindSize("embedding_size") ?? 768 },
            Bert.Names(Root) with
            {
                Projection = $"{Root}.embeddings_project",
                MaskedWords = Electra.MaskedWords,
                Pooler = null,
                Classifier = new ClassifierHead("classifier.dense", basis.Sizes.Activation, "classifier.out_proj"),
                Attention = encoder => new SpanAttention(encoder, basis.Sizes, heads / 2, kernel).Append,
            },
            head);
    }

    private static bool IsGrouped(string tensor) =>
        tensor.EndsWith(".intermediate.dense.weight", StringComparison.Ordinal)
        || (tensor.EndsWith(".output.dense.weight", StringComparison.Ordinal)
            && !tensor.EndsWith(".attention.output.dense.weight", StringComparison.Ordinal));
}
