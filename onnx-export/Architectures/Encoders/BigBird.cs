using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>BigBird: BERT; texts are as long as those that attend to everything, which is how transformers runs short
/// ones whatever the attention is called.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class BigBird(string name, TextHead head) : IArchitecture
{
    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "big_bird" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseUnless("attention_type", "original_full", "block_sparse");
        var basis = Bert.ReadConfig(config, firstPosition: 0);
        var sizes = basis.Sizes with
        {
            Activation = config.Text("hidden_act") ?? "gelu_new",
            HasQkvBias = config.Flag("use_bias", true),
        };
        return TextEncoder.Build(
            checkpoint,
            dtype,
            basis with
            {
                Sizes = sizes,
                WordScale = config.Flag("rescale_embeddings", false) ? MathF.Sqrt(sizes.Hidden) : 1,
                MostTokens = config.Text("attention_type") == "original_full" ? null : FullyAttended(config),
            },
            Bert.Names("bert") with
            {
                Pooler = "bert.pooler",
                Classifier = new ClassifierHead("classifier.dense", sizes.Activation, "classifier.out_proj"),
            },
            head);
    }

    // Where texts are longer, blocks of keys are left out by chance.
    private static int FullyAttended(ConfigJson config) =>
        (5 + (2 * (config.FindSize("num_random_blocks") ?? 3))) * (config.FindSize("block_size") ?? 64);
}
