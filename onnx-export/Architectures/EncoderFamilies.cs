using Stip.Export.Architectures.Encoders;
using Stip.Export.Architectures.Joined;
using Stip.Export.Architectures.Sequences;
using Stip.Export.Architectures.Vision;

namespace Stip.Export.Architectures;

/// <summary>The families that read what goes in as a whole, some with a decoder; those of images and sounds are in a
/// list of their own.</summary>
internal static class EncoderFamilies
{
    // Of the heads that a model was trained with, the one that tells words; where there is none, the encoder.
    private static readonly IArchitecture[] Pretrained =
    [
        new Bert("BertForPreTraining", TextHead.MaskedWords),
        new Bert("ErnieForPreTraining", TextHead.MaskedWords, "ernie"),
        new Albert("AlbertForPreTraining", TextHead.MaskedWords),
        new BigBird("BigBirdForPreTraining", TextHead.MaskedWords),
        new MegatronBert("MegatronBertForPreTraining", TextHead.MaskedWords),
        new MobileBert("MobileBertForPreTraining", TextHead.MaskedWords),
        new RocBert("RoCBertForPreTraining", TextHead.MaskedWords),
        new Bert("BertForNextSentencePrediction", TextHead.NextSentence),
        new Bert("ErnieForNextSentencePrediction", TextHead.NextSentence, "ernie"),
        new MegatronBert("MegatronBertForNextSentencePrediction", TextHead.NextSentence),
        new MobileBert("MobileBertForNextSentencePrediction", TextHead.NextSentence),
        new Electra("ElectraForPreTraining", TextHead.Replaced),
    ];

    // Those that choose among texts; each text is a row of the batch.
    private static readonly IArchitecture[] Choices =
    [
        new Bert("BertForMultipleChoice", TextHead.Choice),
        new Bert("ErnieForMultipleChoice", TextHead.Choice, "ernie"),
        new Roberta("RobertaForMultipleChoice", "roberta", TextHead.Choice),
        new Roberta("XLMRobertaForMultipleChoice", "xlm-roberta", TextHead.Choice),
        new Roberta("CamembertForMultipleChoice", "camembert", TextHead.Choice),
        new Roberta("Data2VecTextForMultipleChoice", "data2vec-text", TextHead.Choice, "data2vec_text"),
        new RobertaXl("XLMRobertaXLForMultipleChoice", TextHead.Choice),
        new RobertaPreNorm("RobertaPreLayerNormForMultipleChoice", TextHead.Choice),
        new Electra("ElectraForMultipleChoice", TextHead.Choice),
        new DebertaV2("DebertaV2ForMultipleChoice", TextHead.Choice),
        new Albert("AlbertForMultipleChoice", TextHead.Choice),
        new DistilBert("DistilBertForMultipleChoice", TextHead.Choice),
        new Mpnet("MPNetForMultipleChoice", TextHead.Choice),
        new MegatronBert("MegatronBertForMultipleChoice", TextHead.Choice),
        new MobileBert("MobileBertForMultipleChoice", TextHead.Choice),
        new SqueezeBert("SqueezeBertForMultipleChoice", TextHead.Choice),
        new RemBert("RemBertForMultipleChoice", TextHead.Choice),
        new RocBert("RoCBertForMultipleChoice", TextHead.Choice),
        new BigBird("BigBirdForMultipleChoice", TextHead.Choice),
        new Xmod("XmodForMultipleChoice", TextHead.Choice),
        new Roberta("IBertForMultipleChoice", "ibert", TextHead.Choice, "ibert"),
        new Nystromformer("NystromformerForMultipleChoice", TextHead.Choice),
        new ModernBert("ModernBertForMultipleChoice", TextHead.Choice),
        new Luke("LukeForMultipleChoice", TextHead.Choice),
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<IArchitecture> All { get; } =
    [
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
        .. Texts("Lilt", (name, head) => new Lilt(name, head)).Where(
            family => !family.Name.EndsWith("MaskedLM", StringComparison.Ordinal)),
        .. Texts("LayoutLMv3", (name, head) => new LayoutLmV3(name, head)).Where(
            family => !family.Name.EndsWith("MaskedLM", StringComparison.Ordinal)),
        .. Texts("IBert", (name, head) => new Roberta(name, "ibert", head, "ibert")),
        .. Texts("Nystromformer", (name, head) => new Nystromformer(name, head)),
        .. Texts("Esm", (name, head) => new Esm(name, head)),
        .. Texts("JinaBert", (name, head) => new JinaBert(name, head)),
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
        .. Texts("Xmod", (name, head) => new Xmod(name, head)),
        .. Texts("RoCBert", (name, head) => new RocBert(name, head)),
        new ClapText(),
        new Clap(),
        .. Texts("Luke", (name, head) => new Luke(name, head)),
        .. Texts("ConvBert", (name, head) => new ConvBert(name, head)),
        .. XlNetTexts(),
        .. Choices,
        .. Pretrained,
        .. Texts("Longformer", (name, head) => new Longformer(name, head)).Where(
            family => !family.Name.EndsWith("QuestionAnswering", StringComparison.Ordinal)),
        new BartClassifier("BartForSequenceClassification", answers: false),
        new BartClassifier("BartForQuestionAnswering", answers: true),
        new BartClassifier("MvpForSequenceClassification", answers: false),
        new BartClassifier("MvpForQuestionAnswering", answers: true),
        new Dpr("DPRContextEncoder", "ctx_encoder"),
        new Dpr("DPRQuestionEncoder", "question_encoder"),
        new DprReader(),
        .. Texts("RobertaPreLayerNorm", (name, head) => new RobertaPreNorm(name, head)),
        .. XlmTexts("XLM", "xlm"),
        .. XlmTexts("Flaubert", "flaubert"),
        .. Texts("MobileBert", (name, head) => new MobileBert(name, head)),
        new T5Encoder("T5EncoderModel", hasOwnDistances: false),
        new T5Encoder("MT5EncoderModel", hasOwnDistances: false),
        new T5Encoder("UMT5EncoderModel", hasOwnDistances: true),
        new T5Encoder("T5ForTokenClassification", hasOwnDistances: false, TextHead.Tokens),
        new T5Encoder("MT5ForTokenClassification", hasOwnDistances: false, TextHead.Tokens),
        new T5Encoder("UMT5ForTokenClassification", hasOwnDistances: true, TextHead.Tokens),
        new T5Classifier("T5ForSequenceClassification", hasOwnDistances: false),
        new T5Classifier("MT5ForSequenceClassification", hasOwnDistances: false),
        new T5Classifier("UMT5ForSequenceClassification", hasOwnDistances: true),
        new T5Sequence("T5ForConditionalGeneration", "t5", "T5EncoderModel", hasOwnDistances: false),
        new T5Sequence("T5WithLMHeadModel", "", "T5EncoderModel", hasOwnDistances: false),
        new T5Sequence("MT5ForConditionalGeneration", "mt5", "MT5EncoderModel", hasOwnDistances: false),
        new T5Sequence("UMT5ForConditionalGeneration", "umt5", "UMT5EncoderModel", hasOwnDistances: true),
        new T5Sequence("LongT5ForConditionalGeneration", "longt5", "LongT5EncoderModel", hasOwnDistances: false),
        new Bart("BartForConditionalGeneration", "bart", BartForm.Bart),
        new Bart("MBartForConditionalGeneration", "mbart", BartForm.MBart),
        new Bart("MarianMTModel", "marian", BartForm.Marian),
        new Bart("PegasusForConditionalGeneration", "pegasus", BartForm.Pegasus),
        new Bart("PLBartForConditionalGeneration", "plbart", BartForm.PlBart),
        new Bart("MvpForConditionalGeneration", "mvp", BartForm.Bart),
        new Bart("BlenderbotForConditionalGeneration", "blenderbot", BartForm.Blenderbot),
        new Bart("BlenderbotSmallForConditionalGeneration", "blenderbot-small", BartForm.BlenderbotSmall),
        new Led(),
        new Whisper(),
        new Moonshine(),
        new Fsmt(),
        new Bart("M2M100ForConditionalGeneration", "m2m_100", BartForm.M2M),
        .. Texts("EuroBert", (name, head) => new EuroBert(name, head)),
        new NeoBert("NeoBERT", TextHead.Hidden),
        new NeoBert("NeoBERTLMHead", TextHead.MaskedWords),
        new NeoBert("NeoBERTForSequenceClassification", TextHead.Classes),
        .. Texts("NomicBert", (name, head) => new NomicBert(name, head)),
        new NomicBert("NomicBertForPreTraining", TextHead.MaskedWords),
        .. Texts("New", (name, head) => new GteBert(name, head)),
        new GteBert("GteModel", TextHead.Hidden, "gte"),
        .. Texts("JinaEmbeddingsV3", (name, head) => new JinaEmbeddings(name, head)),
        new TwoTowers(
            "CLIPModel",
            "clip",
            new ClipText("CLIPTextModelWithProjection", isProjected: true),
            new ClipVision("CLIPVisionModelWithProjection", VisionHead.Projected)),
        new TwoTowers(
            "SiglipModel", "siglip", new SiglipText("SiglipTextModel", "siglip_text_model"),
            new SiglipVision("SiglipVisionModel", VisionHead.Hidden)),
        new TwoTowers(
            "Siglip2Model", "siglip2", new SiglipText("Siglip2TextModel", "siglip2_text_model"),
            new SiglipVision("Siglip2VisionModel", VisionHead.Hidden) { IsFlexible = true }),
        new TwoTowers(
            "ChineseCLIPModel",
            "chinese_clip",
            new ChineseClipText("ChineseCLIPTextModel", isProjected: true),
            new ClipVision("CLIPVisionModelWithProjection", VisionHead.Projected)),
        new ChineseClipText("ChineseCLIPTextModel", isProjected: false),
        new TwoTowers(
            "AltCLIPModel",
            "altclip",
            new AltClipText("AltCLIPTextModel", isProjected: true),
            new ClipVision("CLIPVisionModelWithProjection", VisionHead.Projected)) { DefaultProjection = 768 },
        new AltClipText("AltCLIPTextModel", isProjected: false),
        .. Owl("OwlViT", "owlvit", patch: 32),
        .. Owl("Owlv2", "owlv2", patch: 16),
        new Llava(),
        new VisionEncoderDecoder(),
        new EncoderDecoder(),
        new Blip(),
        .. SignalFamilies.All,
    ];

    // CLIP under names of its own, for images that are larger and texts that are shorter.
    private static IEnumerable<IArchitecture> Owl(string name, string root, int patch)
    {
        var defaults = $$"""{"image_size": 768, "patch_size": {{patch}}}""";
        return
        [
            new ClipText($"{name}TextModel", isProjected: false, $"{root}_text_model") { DefaultPositions = 16 },
            new ClipVision($"{name}VisionModel", VisionHead.Hidden, $"{root}_vision_model") { Defaults = defaults },
            new TwoTowers(
                $"{name}Model",
                root,
                new ClipText($"{name}TextModel", isProjected: true) { DefaultPositions = 16 },
                new ClipVision($"{name}VisionModel", VisionHead.Projected) { Defaults = defaults }),
            new TwoTowers(
                $"{name}ForObjectDetection",
                "",
                new ClipText($"{name}TextModel", isProjected: true) { DefaultPositions = 16 },
                new OwlDetector($"{name}ForObjectDetection", isSecond: name == "Owlv2") { Defaults = defaults })
            {
                Root = $"{root}.",
            },
        ];
    }

    // Its heads have names of their own.
    private static IEnumerable<IArchitecture> XlNetTexts() =>
    [
        new XlNet("XLNetModel", TextHead.Hidden),
        new XlNet("XLNetLMHeadModel", TextHead.MaskedWords),
        new XlNet("XLNetForSequenceClassification", TextHead.Classes),
        new XlNet("XLNetForMultipleChoice", TextHead.Choice),
        new XlNet("XLNetForTokenClassification", TextHead.Tokens),
        new XlNet("XLNetForQuestionAnsweringSimple", TextHead.Answer),
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
