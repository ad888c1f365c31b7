using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Architectures;

/// <summary>The families that can be exported.</summary>
internal static class SupportedArchitectures
{
    private static readonly IArchitecture[] All =
    [
        new Llama(), new Gpt2(), new Mistral(), new Mixtral(), new Qwen2(), new Qwen3(), new Phi3(), new Gemma2(),
        new Arcee(), new Bloom(), new CodeGen(), new Cohere(), new Cohere2(), new Ernie45(), new Falcon(), new Gemma(),
        new Gemma3(), new Glm(), new Glm4(), new GptBigCode(), new GptJ(), new GptNeo(), new GptNeoX(), new Granite(),
        new Helium(), new InternLm2(), new Mpt(), new Nemotron(), new Olmo(), new Olmo2(), new Olmo3(), new Olmoe(),
        new Opt(), new Persimmon(), new Phi(), new Qwen2Moe(), new Qwen3Moe(), new SeedOss(), new SmolLm3(),
        new StableLm(), new StarCoder2(), new GraniteMoe("GraniteMoeForCausalLM", "granitemoe"),
        new GraniteMoe("GraniteMoeSharedForCausalLM", "granitemoeshared"),
        new Bert("BertModel", TextHead.Hidden),
        new Bert("BertForMaskedLM", TextHead.MaskedWords),
        new Bert("BertForSequenceClassification", TextHead.Classes),
        .. Robertas("Roberta", "roberta"),
        .. Robertas("XLMRoberta", "xlm-roberta"),
        .. Robertas("Camembert", "camembert"),
        new Electra("ElectraModel", TextHead.Hidden),
        new Electra("ElectraForMaskedLM", TextHead.MaskedWords),
        new Electra("ElectraForSequenceClassification", TextHead.Classes),
        new Mpnet("MPNetModel", TextHead.Hidden),
        new Mpnet("MPNetForMaskedLM", TextHead.MaskedWords),
        new Mpnet("MPNetForSequenceClassification", TextHead.Classes),
        new DistilBert("DistilBertModel", TextHead.Hidden),
        new DistilBert("DistilBertForMaskedLM", TextHead.MaskedWords),
        new DistilBert("DistilBertForSequenceClassification", TextHead.Classes),
        new Vit("ViTModel", VisionHead.Hidden),
        new Vit("ViTForImageClassification", VisionHead.Classes),
        new ClipVision("CLIPVisionModel", VisionHead.Hidden),
        new ClipVision("CLIPVisionModelWithProjection", VisionHead.Projected),
        new Llava(),
    ];

    /// <summary>Finds the family that config.json names.</summary>
    public static IArchitecture Of(ConfigJson config)
    {
        var names = config.Texts("architectures");
        var modelType = config.Text("model_type");
        var found = names.Count > 0
            ? Array.Find(All, family => names.Contains(family.Name))
            : Array.Find(All, family => family.ModelType == modelType);
        return found ?? throw new RefusedException(
            $"architecture '{(names.Count > 0 ? string.Join(", ", names) : modelType ?? "unnamed")}' is not supported; "
            + $"there are {string.Join(", ", All.Select(family => family.Name))}");
    }

    private static IEnumerable<IArchitecture> Robertas(string name, string modelType) =>
    [
        new Roberta($"{name}Model", modelType, TextHead.Hidden),
        new Roberta($"{name}ForMaskedLM", modelType, TextHead.MaskedWords),
        new Roberta($"{name}ForSequenceClassification", modelType, TextHead.Classes),
    ];
}
