using Stip.Export.Blocks;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>X-MOD: RoBERTa with a small feed-forward part behind every layer for each of its languages; the graph is of
/// one of them.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class Xmod(string name, TextHead head) : IArchitecture
{
    private const string Root = "roberta";

    private static readonly string[] Matrices = ["dense1", "dense2"];

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "xmod" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseFlag("pre_norm");
        config.RefuseFlag("adapter_layer_norm");
        if (!config.Flag("adapter_reuse_layer_norm", true) || !config.Flag("ln_before_adapter", true))
        {
            throw new RefusedException(
                "config.json: adapter_reuse_layer_norm and ln_before_adapter must be true in an X-MOD");
        }

        var basis = Bert.ReadConfig(config, Roberta.FirstPosition(config));
        var languages = config.Texts("languages");
        var language = checkpoint.Task ?? config.Text("default_language");
        if (language is null || !languages.Contains(language))
        {
            throw new RefusedException($"--task is {language ?? "not given, and config.json has no default_language"}; "
                + $"this model has {string.Join(", ", languages)}");
        }

        NoteOthers(checkpoint.Tensors, basis.Sizes.Layers, languages);
        var narrow = basis.Sizes.Hidden / (config.FindSize("adapter_reduction_factor") ?? 2);
        return TextEncoder.Build(
            checkpoint,
            dtype,
            basis,
            Roberta.Names(Root) with
            {
                After = (encoder, _) => (layer, rows) => Adapted(encoder, basis.Sizes, narrow, layer, language, rows),
            },
            head);
    }

    // Rows that the layer's norm gave, and what the language makes of them, go through the same norm again.
    private static string Adapted(
        EncoderGraph encoder, EncoderSizes sizes, int narrow, int layer, string language, string rows)
    {
        var (name, output) = ($"layers.{layer}.language", $"{Root}.encoder.layer.{layer}.output");
        var tensor = $"{output}.adapter_modules.{language}";
        var inner = Linear.FromLinear(
            encoder, $"{name}.down", rows, $"{tensor}.{Matrices[0]}", sizes.Hidden, narrow, hasBias: true);
        var given = Linear.FromLinear(
            encoder,
            $"{name}.up",
            Activation.Append(encoder.Graph, sizes.Activation, $"{name}.act", inner),
            $"{tensor}.{Matrices[1]}",
            narrow,
            sizes.Hidden,
            hasBias: true);
        return sizes.Norm.AppendAfterSum(encoder, $"{name}.norm", $"{output}.LayerNorm", rows, given);
    }

    // Files have every language; asked for, the others count as known.
    private static void NoteOthers(ITensorStore tensors, int layers, IReadOnlyList<string> languages)
    {
        foreach (var matrix in from layer in Enumerable.Range(0, layers)
                               from language in languages
                               from part in Matrices
                               select $"{Root}.encoder.layer.{layer}.output.adapter_modules.{language}.{part}")
        {
            tensors.Has($"{matrix}.weight");
            tensors.Has($"{matrix}.bias");
        }
    }
}
