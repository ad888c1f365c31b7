using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>Nyströmformer as it is published: with as many landmarks as rows of a segment, which is BERT whose heads
/// also see the values near a row, by a kernel of each.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Nystromformer(string name, TextHead head) : IArchitecture
{
    private const string Root = "nystromformer";
    private const int SkippedPositions = 2;
    private const int Landmarks = 64;

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults("""{"layer_norm_eps": 1e-5, "hidden_act": "gelu_new"}""");
        var (marks, rows) = (
            config.FindSize("num_landmarks") ?? Landmarks, config.FindSize("segment_means_seq_len") ?? Landmarks);
        if (marks != rows)
        {
            throw new RefusedException($"config.json: num_landmarks is {marks}; it must be segment_means_seq_len "
                + $"({rows}), so that rows see each other");
        }

        var basis = Bert.ReadConfig(config, SkippedPositions);
        basis = basis with { Positions = basis.Positions + SkippedPositions };
        var kernel = config.FindSize("conv_kernel_size");
        var names = Bert.Names(Root) with
        {
            Pooler = null,
            Classifier = new ClassifierHead("classifier.dense", basis.Sizes.Activation, "classifier.out_proj"),
            Choice = new ClassifierHead("pre_classifier", "relu", "classifier"),
            Attention = kernel is { } side
                ? encoder => new NearValuesAttention(encoder, basis.Sizes, side).Append
                : null,
        };
        return kernel % 2 == 0
            ? throw new RefusedException($"config.json: conv_kernel_size is {kernel}; it must be odd")
            : TextEncoder.Build(checkpoint, dtype, basis, names, head);
    }
}
