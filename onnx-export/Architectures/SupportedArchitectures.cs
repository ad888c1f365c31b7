using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Architectures;

/// <summary>The families that can be exported.</summary>
internal static class SupportedArchitectures
{
    private static readonly string[] Generating = ["ForCausalLM", "LMHeadModel"];

    private static readonly IArchitecture[] All =
    [
        new Llama(), new Gpt2(), new Mistral(), new Mixtral(), new Qwen2(), new Qwen3(), new Phi3(), new Gemma2(),
        PlainLlama.Arcee, new Bloom(), new CodeGen(), new Cohere(), new Cohere2(), new Ernie45(), new Falcon(),
        new Gemma(), new Gemma3(), new Glm(), new Glm4(), new GptBigCode(), new GptOss(), new GptJ(), new GptNeo(),
        new GptNeoX(), new Granite(), new Helium(), new InternLm2(), new Mpt(), PlainLlama.Nemotron, new Olmo(),
        new Mpt("MPTForCausalLM"),
        new Olmo2(), new Olmo3(), new Olmoe(), new Opt(), new Persimmon(), new Phi(), new Qwen2Moe(), new Qwen3Moe(),
        new SeedOss(), new SmolLm3(), new StableLm(), new StarCoder2(),
        new GraniteMoe("GraniteMoeForCausalLM", "granitemoe"),
        new GraniteMoe("GraniteMoeSharedForCausalLM", "granitemoeshared"), new BioGpt(), new Exaone4(),
        Gemma2.Vault, new Xglm(), new Mistral("MinistralForCausalLM", "ministral"),
        new Llama("LLaMAForCausalLM", "llama"), new Llama("XverseForCausalLM", "xverse"),
        new Llama("AquilaForCausalLM", "aquila"), new Llama("SkyworkForCausalLM", "skywork"),
        new InternLm("InternLMForCausalLM", "internlm"), new InternLm("InternLM3ForCausalLM", "internlm3"),
        new Apertus(), new Baichuan("BaichuanForCausalLM"), new Baichuan("BaiChuanForCausalLM"),
        new ChatGlm("ChatGLMModel"), new ChatGlm("ChatGLMForConditionalGeneration"), new Exaone(), new MiniCpm(),
        new Orion(), new Qwen(), new OpenAiGpt(), new Ministral3(), new Llama4(),
        .. TextParts.All,
        new Dbrx(), new PhiMoe("PhimoeForCausalLM"), new PhiMoe("PhiMoEForCausalLM"),
        new Qwen2("MiMoForCausalLM", "mimo"), Mistral.Cwm,
        new Falcon("RWForCausalLM", "RefinedWebModel"),
        new StableLm("StableLMEpochForCausalLM", "stablelm_epoch"), new BitNet(), new Ctrl(), new Jais(),
        PlainLlama.Jais2, new NanoChat(), new OpenElm(), GraniteMoe.Four, new ModernBertDecoder(),
        new AriaText(), new Llama("Emu3ForCausalLM", "emu3_text_model"), new DiffLlama(),
        Granite.Local, GraniteMoe.Local, new HyperClovaX(), new Mellum(),
        new GptNeoXJapanese(), new Phi3("Phi4MultimodalForCausalLM", "phi4_multimodal"),
        new InternLm("PanguEmbeddedForCausalLM", "PanguEmbedded"), new Deepseek(), new DeepseekV2(),
        new DeepseekV3("DeepseekV3ForCausalLM", "deepseek_v3", firstSparse: 3),
        new DeepseekV3("Glm4MoeLiteForCausalLM", "glm4_moe_lite", firstSparse: 1), new MiniCpm3(), new Glm4Moe(),
        Glm4Moe.SolarOpen, DeepseekV3.Youtu, new ExaoneMoe(), new Mistral4(), new HunYuan3(),
        new MllamaText("MllamaForConditionalGeneration", "mllama"),
        new MllamaText("MllamaForCausalLM", "mllama_text_model"),
        new Dots1(), new MiniMaxM2(), new Ernie45Moe(), new Afmoe(), new FlexOlmo(),
        new HunYuan("HunYuanDenseV1ForCausalLM", "hunyuan_v1_dense", isSparse: false),
        new HunYuan("HunYuanMoEV1ForCausalLM", "hunyuan_v1_moe", isSparse: true),
        new BailingMoe("BailingMoeForCausalLM", "bailing_moe", isBalanced: false),
        new BailingMoe("BailingMoeV2ForCausalLM", "bailing_moe_v2", isBalanced: true),
        .. WholeTexts("Llama", new Llama()),
        .. WholeTexts("Mistral", new Mistral()),
        .. WholeTexts("Qwen2", new Qwen2()),
        .. WholeTexts("Qwen3", new Qwen3()),
        .. WholeTexts("Gemma", new Gemma()),
        .. WholeTexts("Gemma2", new Gemma2()),
        .. WholeTexts("Gemma3Text", new Gemma3()),
        .. WholeTexts("Phi3", new Phi3()),
        .. Texts("Bert", (name, head) => new Bert(name, head)),
        .. Texts("Roberta", (name, head) => new Roberta(name, "roberta", head)),
        .. Texts("XLMRoberta", (name, head) => new Roberta(name, "xlm-roberta", head)),
        .. Texts("Camembert", (name, head) => new Roberta(name, "camembert", head)),
        .. Texts("Electra", (name, head) => new Electra(name, head)),
        .. Texts("MPNet", (name, head) => new Mpnet(name, head)),
        .. Texts("DistilBert", (name, head) => new DistilBert(name, head)),
        .. Texts("Albert", (name, head) => new Albert(name, head)),
        .. Texts("Deberta", (name, head) => new Deberta(name, head)),
        .. Texts("DebertaV2", (name, head) => new DebertaV2(name, head)),
        .. Texts("ModernBert", (name, head) => new ModernBert(name, head)),
        .. Texts("Ernie", (name, head) => new Bert(name, head, "ernie")),
        .. Texts("Data2VecText", (name, head) => new Roberta(name, "data2vec-text", head, "data2vec_text")),
        .. Texts("XLMRobertaXL", (name, head) => new RobertaXl(name, head)),
        .. Texts("MegatronBert", (name, head) => new MegatronBert(name, head)),
        .. Texts("RoFormer", (name, head) => new RoFormer(name, head)),
        .. Texts("LayoutLM", (name, head) => new LayoutLm(name, head)),
        .. Texts("Esm", (name, head) => new Esm(name, head)),
        new JinaBert("JinaBertModel", TextHead.Hidden),
        new JinaBert("JinaBertForMaskedLM", TextHead.MaskedWords),
        new ClipText("CLIPTextModel", isProjected: false),
        new ClipText("CLIPTextModelWithProjection", isProjected: true),
        new SiglipText("SiglipTextModel", "siglip_text_model"),
        new SiglipText("Siglip2TextModel", "siglip2_text_model"),
        .. Texts("SqueezeBert", (name, head) => new SqueezeBert(name, head)),
        .. Texts("RemBert", (name, head) => new RemBert(name, head)),
        .. Texts("BigBird", (name, head) => new BigBird(name, head)).Where(
            family => !family.Name.EndsWith("QuestionAnswering", StringComparison.Ordinal)),
        new Bert("SplinterModel", TextHead.Hidden, "splinter"),
        new BertGeneration(),
        .. Texts("Longformer", (name, head) => new Longformer(name, head)).Where(
            family => !family.Name.EndsWith("QuestionAnswering", StringComparison.Ordinal)),
        new BartClassifier(),
        new Dpr("DPRContextEncoder", "ctx_encoder"),
        new Dpr("DPRQuestionEncoder", "question_encoder"),
        .. Texts("RobertaPreLayerNorm", (name, head) => new RobertaPreNorm(name, head)),
        .. XlmTexts("XLM", "xlm"),
        .. XlmTexts("Flaubert", "flaubert"),
        .. Texts("MobileBert", (name, head) => new MobileBert(name, head)),
        new T5Encoder("T5EncoderModel", hasOwnDistances: false),
        new T5Encoder("MT5EncoderModel", hasOwnDistances: false),
        new T5Encoder("UMT5EncoderModel", hasOwnDistances: true),
        new T5Sequence("T5ForConditionalGeneration", "t5", "T5EncoderModel", hasOwnDistances: false),
        new T5Sequence("T5WithLMHeadModel", "", "T5EncoderModel", hasOwnDistances: false),
        new T5Sequence("MT5ForConditionalGeneration", "mt5", "MT5EncoderModel", hasOwnDistances: false),
        new T5Sequence("UMT5ForConditionalGeneration", "umt5", "UMT5EncoderModel", hasOwnDistances: true),
        new Bart("BartForConditionalGeneration", "bart", BartForm.Bart),
        new Bart("MBartForConditionalGeneration", "mbart", BartForm.MBart),
        new Bart("MarianMTModel", "marian", BartForm.Marian),
        new Bart("PegasusForConditionalGeneration", "pegasus", BartForm.Pegasus),
        new Bart("PLBartForConditionalGeneration", "plbart", BartForm.PlBart),
        new Bart("MvpForConditionalGeneration", "mvp", BartForm.Bart),
        new Bart("BlenderbotForConditionalGeneration", "blenderbot", BartForm.Blenderbot),
        new Bart("BlenderbotSmallForConditionalGeneration", "blenderbot-small", BartForm.BlenderbotSmall),
        new Whisper(),
        new Bart("M2M100ForConditionalGeneration", "m2m_100", BartForm.M2M),
        .. Texts("EuroBert", (name, head) => new EuroBert(name, head)),
        new NeoBert("NeoBERT", TextHead.Hidden),
        new NeoBert("NeoBERTLMHead", TextHead.MaskedWords),
        new NeoBert("NeoBERTForSequenceClassification", TextHead.Classes),
        new NomicBert(),
        new GteBert(),
        new Vit("ViTModel", VisionHead.Hidden),
        new Vit("ViTForImageClassification", VisionHead.Classes),
        new Vit("ViTMSNModel", VisionHead.Hidden, "vit_msn"),
        new Vit("ViTMSNForImageClassification", VisionHead.Classes, "vit_msn"),
        new Vit("ViTMAEModel", VisionHead.Hidden, "vit_mae"),
        new Yolos("YolosModel", finds: false),
        new Yolos("YolosForObjectDetection", finds: true),
        new Vit("IJepaModel", VisionHead.Hidden, "ijepa"),
        new Vit("IJepaForImageClassification", VisionHead.Classes, "ijepa"),
        new Dinov3(),
        new TwoTowers(
            "CLIPModel",
            "clip",
            new ClipText("CLIPTextModelWithProjection", isProjected: true),
            new ClipVision("CLIPVisionModelWithProjection", VisionHead.Projected)),
        new TwoTowers(
            "SiglipModel", "siglip", new SiglipText("SiglipTextModel", "siglip_text_model"),
            new SiglipVision("SiglipVisionModel", VisionHead.Hidden)),
        new Deit("DeiTModel", VisionHead.Hidden),
        new Deit("DeiTForImageClassification", VisionHead.Classes),
        new Deit("DeiTForImageClassificationWithTeacher", VisionHead.TwoClassifiers),
        new Beit("BeitModel", "beit", VisionHead.Hidden),
        new Beit("BeitForImageClassification", "beit", VisionHead.Classes),
        new Beit("Data2VecVisionModel", "data2vec_vision", VisionHead.Hidden),
        new Beit("Data2VecVisionForImageClassification", "data2vec_vision", VisionHead.Classes),
        new Dinov2("Dinov2Model", "dinov2", VisionHead.Hidden),
        new Dinov2("Dinov2ForImageClassification", "dinov2", VisionHead.Classes),
        new Dinov2("Dinov2WithRegistersModel", "dinov2_with_registers", VisionHead.Hidden),
        new Dinov2("Dinov2WithRegistersForImageClassification", "dinov2_with_registers", VisionHead.Classes),
        new Swin("SwinModel", VisionHead.Hidden),
        new Swin("SwinForImageClassification", VisionHead.Classes),
        new Swin("Swinv2Model", VisionHead.Hidden, "swinv2"),
        new Swin("Swinv2ForImageClassification", VisionHead.Classes, "swinv2"),
        new SiglipVision("SiglipVisionModel", VisionHead.Hidden),
        new SiglipVision("SiglipForImageClassification", VisionHead.Classes),
        new ClipVision("CLIPVisionModel", VisionHead.Hidden),
        new ClipVision("CLIPForImageClassification", VisionHead.Classes),
        new TwoTowers(
            "ChineseCLIPModel",
            "chinese_clip",
            new ChineseClipText("ChineseCLIPTextModel", isProjected: true),
            new ClipVision("CLIPVisionModelWithProjection", VisionHead.Projected)),
        new ChineseClipText("ChineseCLIPTextModel", isProjected: false),
        new VideoMae("VideoMAEModel", VisionHead.Hidden),
        new VideoMae("VideoMAEForVideoClassification", VisionHead.Classes),
        new Segformer("SegformerModel", VisionHead.Hidden),
        new Segformer("SegformerForImageClassification", VisionHead.Classes),
        .. Sounds("Wav2Vec2", "wav2vec2"),
        .. Sounds("Hubert", "hubert"),
        .. Sounds("WavLM", "wavlm"),
        new Spectrogram("ASTModel", VisionHead.Hidden),
        new Spectrogram("ASTForAudioClassification", VisionHead.Classes),
        new ClipVision("CLIPVisionModelWithProjection", VisionHead.Projected),
        new Llava(),
    ];

    /// <summary>Finds the family that config.json names.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="embedsTexts">True where a decoder is to give features of whole texts.</param>
    public static IArchitecture Of(ConfigJson config, bool embedsTexts = false) =>
        Of(config, config.Texts("architectures"), embedsTexts);

    /// <summary>Finds what a part of a larger model is: transformers goes by its <c>model_type</c>, and names of
    /// families there may be of code that never was published (<c>VLlama3ForCausalLM</c> in SmolVLM).</summary>
    /// <param name="config">The part's section of config.json.</param>
    public static IArchitecture OfPart(ConfigJson config)
    {
        var names = config.Texts("architectures");
        return Of(config, names.Any(name => Array.Exists(All, family => family.Name == name)) ? names : [], false);
    }

    private static IArchitecture Of(ConfigJson config, IReadOnlyList<string> names, bool embedsTexts)
    {
        var modelType = config.Text("model_type");
        var found = names.Count > 0
            ? Array.Find(All, family => names.Contains(family.Name))
            : Array.Find(All, family => family.ModelType == modelType);
        if (embedsTexts && found is not null && EmbedderOf(found) is { } embedder)
        {
            names = [embedder];
            found = Array.Find(All, family => family.Name == embedder);
        }

        if (found is null && RefusedFamilies.Reason(names) is { } reason)
        {
            throw new RefusedException($"architecture '{string.Join(", ", names)}' is not supported: {reason}");
        }

        return found ?? throw new RefusedException(
            $"architecture '{(names.Count > 0 ? string.Join(", ", names) : modelType ?? "unnamed")}' is not supported; "
            + $"there are {string.Join(", ", All.Select(family => family.Name))}");
    }

    // A folder that embeds names the whole of which its encoder is a part, or the decoder that it was trained from;
    // null where it names what embeds.
    private static string? EmbedderOf(IArchitecture family) => family is T5Sequence whole
        ? whole.EncoderName
        : Array.Find(Generating, ending => family.Name.EndsWith(ending, StringComparison.Ordinal)) is { } generates
            ? $"{family.Name[..^generates.Length]}Model"
            : null;

    // The names that transformers gives a decoder that does not generate.
    private static IEnumerable<IArchitecture> WholeTexts(string name, IArchitecture decoder) =>
    [
        new WholeTextDecoder($"{name}Model", decoder, DecoderEnd.Rows),
        new WholeTextDecoder($"{name}ForSequenceClassification", decoder, DecoderEnd.Classes),
    ];

    // The names that transformers gives a model of raw sound with each of its heads.
    private static IEnumerable<IArchitecture> Sounds(string name, string root) =>
    [
        new Wav2Vec2($"{name}Model", root, SoundHead.Hidden),
        new Wav2Vec2($"{name}ForCTC", root, SoundHead.Letters),
        new Wav2Vec2($"{name}ForSequenceClassification", root, SoundHead.Classes),
    ];

    // Their heads have names of their own.
    private static IEnumerable<IArchitecture> XlmTexts(string name, string modelType) =>
    [
        new Xlm($"{name}Model", TextHead.Hidden, modelType),
        new Xlm($"{name}WithLMHeadModel", TextHead.MaskedWords, modelType),
        new Xlm($"{name}ForSequenceClassification", TextHead.Classes, modelType),
        new Xlm($"{name}ForTokenClassification", TextHead.Tokens, modelType),
        new Xlm($"{name}ForQuestionAnsweringSimple", TextHead.Answer, modelType),
    ];

    // The names that transformers gives a text encoder with each of its heads.
    private static IEnumerable<IArchitecture> Texts(string name, Func<string, TextHead, IArchitecture> make) =>
    [
        make($"{name}Model", TextHead.Hidden),
        make($"{name}ForMaskedLM", TextHead.MaskedWords),
        make($"{name}ForSequenceClassification", TextHead.Classes),
        make($"{name}ForTokenClassification", TextHead.Tokens),
        make($"{name}ForQuestionAnswering", TextHead.Answer),
    ];
}
