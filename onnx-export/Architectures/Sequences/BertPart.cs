using Stip.Export.Architectures.Encoders;
using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Architectures.Sequences;

/// <summary>What BERT and its kin call the parts of a decoder, and the positions that their tables skip.</summary>
/// <param name="Root">The model without its head.</param>
/// <param name="Dense">The layer before the head, null where there is none.</param>
/// <param name="Norm">The norm after that layer.</param>
/// <param name="Decoder">The head.</param>
/// <param name="Bias">The bias of the head.</param>
/// <param name="SkippedPositions">Rows of the table before that of the first token.</param>
internal sealed record BertPart(
    string Root, string? Dense, string? Norm, string Decoder, string Bias, int SkippedPositions)
{
    /// <summary>Those of the kind that config.json says.</summary>
    /// <param name="config">The section of the part.</param>
    public static BertPart Of(ConfigJson config) => config.Text("model_type") switch
    {
        "bert" or "blip_text_model" or null => new(
            "bert",
            "cls.predictions.transform.dense",
            "cls.predictions.transform.LayerNorm",
            "cls.predictions.decoder",
            "cls.predictions.bias",
            SkippedPositions: 0),
        "roberta" or "xlm-roberta" or "camembert" => new(
            "roberta",
            "lm_head.dense",
            "lm_head.layer_norm",
            "lm_head.decoder",
            "lm_head.bias",
            Roberta.FirstPosition(config)),
        "bert-generation" => new(
            "bert", Dense: null, Norm: null, "lm_head.decoder", "lm_head.bias", SkippedPositions: 0),
        var kind => throw new RefusedException($"config.json: a part is '{kind}'; it must be bert, roberta, "
            + "xlm-roberta, camembert or bert-generation"),
    };
}
