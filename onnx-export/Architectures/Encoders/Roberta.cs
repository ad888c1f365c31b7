using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>RoBERTa, XLM-RoBERTa, CamemBERT, Data2Vec and I-BERT: BERT whose positions begin after the padding token's
/// id.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
/// <param name="head">What it ends in.</param>
/// <param name="root">What the names of its tensors begin with.</param>
internal sealed class Roberta(string name, string modelType, TextHead head, string root = "roberta") : IArchitecture
{
    private const int DefaultPadding = 1;

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? modelType : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;

        // I-BERT may compute in whole numbers.
        config.RefuseFlag("quant_mode");
        return JinaXlmRoberta.IsMeant(checkpoint)
            ? JinaXlmRoberta.Build(checkpoint, dtype, head, JinaXlmRoberta.Turns(config))
            : TextEncoder.Build(
                checkpoint, dtype, Bert.ReadConfig(config, FirstPosition(config)), Names(root), head);
    }

    /// <summary>The row of the first token: those before it are padding's.</summary>
    internal static int FirstPosition(ConfigJson config) =>
        (config.TokenIds("pad_token_id") is [var id, ..] ? id : DefaultPadding) + 1;

    /// <summary>Names of an encoder whose parts and heads are called as RoBERTa's.</summary>
    internal static TextEncoderNames Names(string root) => Bert.Names(root) with
    {
        MaskedWords = new MaskedWordsHead(
            "lm_head.dense", "lm_head.layer_norm", "lm_head.decoder.weight", "lm_head.bias")
        {
            Activation = "gelu",
        },
        Classifier = new ClassifierHead("classifier.dense", "tanh", "classifier.out_proj"),
    };
}
