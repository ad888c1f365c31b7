namespace Stip.Export.Architectures;

/// <summary>Families that are not exported, and why.</summary>
internal static class RefusedFamilies
{
    private const string Recurrent = "its layers carry a state from row to row instead of a cache of keys and values, "
        + "which a session of the server has no place for";

    private const string TakesTokens = "its layers look tokens up, which a server that must not see tokens cannot";

    private const string Diffuses = "its tokens see those after them, so that it does not write from left to right";

    private const string TwoHeadSizes = "its layers have heads of two sizes, which one cache does not hold, and those "
        + "of the small ones look tokens up";

    private const string MixesHeads = "its heads attend by experts of their own, which the attention operator of ONNX "
        + "Runtime does not";

    private const string IsEncoder = "it is an encoder that writes with a mask; its layers are exported as what they "
        + "were trained as (ForMaskedLM and other heads)";

    private const string IsHalf = "it is the decoder of a pair without its encoder; the pair is exported "
        + "(ForConditionalGeneration)";

    private const string WritesSound = "it writes several codes of sound at a time instead of a token of text";

    private const string SeesItsPrefix = "the tokens of its prompt see those after them, which a cache that is filled "
        + "step by step does not give";

    private const string HasOtherPositions = "its positions are distances that its own layers turn into scores, which "
        + "the attention operator of ONNX Runtime does not";

    private const string PicksKeys = "each of its rows attends to keys that the layer picks, which the attention "
        + "operator of ONNX Runtime does not";

    private const string HasUnevenHeads = "its layers have different numbers of heads, which one cache (or the "
        + "attention operator of ONNX Runtime) does not hold";

    private const string RepeatsLayers = "it runs the same layers several times a token, which the server's cache of "
        + "one set of keys and values a layer does not hold";

    private const string MixesFeatures = "its layers mix features by a Fourier transform, whose order would stay in "
        + "the server's graph";

    private const string Hashes = "its rows attend by random hashes of their features, so that its outputs differ "
        + "from run to run";

    private const string IsJoined = "its encoder of pictures and its decoder are joined in a way that is not there "
        + "yet";

    private const string PicksQueries = "its decoder begins with the best of its encoder's rows and samples "
        + "feature maps at places that rows compute, which is not there yet";

    private const string SpansPixels = "its feature maps of several sizes are sampled at places that rows "
        + "compute, which is not there yet";

    private const string PoolsRows = "its layers halve the rows of a text and double them again, which is not there "
        + "yet";

    private const string ReadsTables = "its tokens have seven kinds and places in a table, which no client makes";

    private const string HashesLetters = "it hashes characters into several tables, which no client does";

    private const string ReadsMarkup = "its tokens have paths in a page of markup, which no client makes";

    private const string SeesGlobals = "which of its tokens see all follows from the text, and only the first one is "
        + "there";

    private const string RoutesPairs = "its experts take a bounded number of tokens each, so that what becomes of "
        + "a token hangs on how a text was cut into steps";

    private const string ReadsPadding = "its choice reads the last row of a text, padding included, so that it "
        + "hangs on the texts beside it";

    private const string ProjectsWaves = "its layers project waves of distances, or turn rows before they are "
        + "projected, which is not there yet";

    private static readonly Dictionary<string, string> Reasons = new(StringComparer.Ordinal)
    {
        ["AXK2ForCausalLM"] = PicksKeys,
        ["BambaForCausalLM"] = Recurrent,
        ["BartForCausalLM"] = IsHalf,
        ["BertGenerationDecoder"] = IsEncoder,
        ["BertLMHeadModel"] = IsEncoder,
        ["BigBirdForCausalLM"] = IsEncoder,
        ["BigBirdPegasusForCausalLM"] = IsHalf,
        ["BlenderbotForCausalLM"] = IsHalf,
        ["BlenderbotSmallForCausalLM"] = IsHalf,
        ["Blip2ForConditionalGeneration"] = IsJoined,
        ["BltForCausalLM"] = "it cuts texts into patches of bytes as it reads them, instead of tokens",
        ["CamembertForCausalLM"] = IsEncoder,
        ["CanineForMultipleChoice"] = HashesLetters,
        ["CanineForQuestionAnswering"] = HashesLetters,
        ["CanineForSequenceClassification"] = HashesLetters,
        ["CanineForTokenClassification"] = HashesLetters,
        ["CanineModel"] = HashesLetters,
        ["ConvBertForMultipleChoice"] = ReadsPadding,
        ["CpmAntForCausalLM"] = HasOtherPositions,
        ["CsmForConditionalGeneration"] = WritesSound,
        ["Data2VecTextForCausalLM"] = IsEncoder,
        ["DeepseekV32ForCausalLM"] = PicksKeys,
        ["DeepseekV4ForCausalLM"] = PicksKeys,
        ["DeformableDetrForObjectDetection"] = SpansPixels,
        ["DogeForCausalLM"] = PicksKeys,
        ["DreamModel"] = Diffuses,
        ["ElectraForCausalLM"] = IsEncoder,
        ["Ernie4_5_VL_MoeForConditionalGeneration"] = "its experts for text and those for pictures stand in one list, "
            + "which is not taken apart yet",
        ["ErnieForCausalLM"] = IsEncoder,
        ["FalconH1ForCausalLM"] = Recurrent,
        ["FalconMambaForCausalLM"] = Recurrent,
        ["Florence2ForConditionalGeneration"] = IsJoined,
        ["FNetForMaskedLM"] = MixesFeatures,
        ["FNetForMultipleChoice"] = MixesFeatures,
        ["FNetForNextSentencePrediction"] = MixesFeatures,
        ["FNetForPreTraining"] = MixesFeatures,
        ["FNetForQuestionAnswering"] = MixesFeatures,
        ["FNetForSequenceClassification"] = MixesFeatures,
        ["FNetForTokenClassification"] = MixesFeatures,
        ["FNetModel"] = MixesFeatures,
        ["FunnelBaseModel"] = PoolsRows,
        ["FunnelForMaskedLM"] = PoolsRows,
        ["FunnelForMultipleChoice"] = PoolsRows,
        ["FunnelForPreTraining"] = PoolsRows,
        ["FunnelForQuestionAnswering"] = PoolsRows,
        ["FunnelForSequenceClassification"] = PoolsRows,
        ["FunnelForTokenClassification"] = PoolsRows,
        ["FunnelModel"] = PoolsRows,
        ["Gemma3nForCausalLM"] = TakesTokens,
        ["Gemma3nForConditionalGeneration"] = TakesTokens,
        ["Gemma4AssistantForCausalLM"] = TwoHeadSizes,
        ["Gemma4ForCausalLM"] = TwoHeadSizes,
        ["Gemma4ForConditionalGeneration"] = TwoHeadSizes,
        ["Gemma4UnifiedForCausalLM"] = TwoHeadSizes,
        ["Gemma4UnifiedForConditionalGeneration"] = TwoHeadSizes,
        ["GitForCausalLM"] = SeesItsPrefix,
        ["GlmMoeDsaForCausalLM"] = PicksKeys,
        ["GroundingDinoForObjectDetection"] = SpansPixels,
        ["HrmTextForCausalLM"] = RepeatsLayers,
        ["InklingForCausalLM"] = Recurrent,
        ["InstructBlipForConditionalGeneration"] = IsJoined,
        ["JambaForCausalLM"] = Recurrent,
        ["JetMoeForCausalLM"] = MixesHeads,
        ["KimiLinearForCausalLM"] = Recurrent,
        ["KyutaiSpeechToTextForConditionalGeneration"] = WritesSound,
        ["LagunaForCausalLM"] = HasUnevenHeads,
        ["Lfm2ForCausalLM"] = Recurrent,
        ["Lfm2MoeForCausalLM"] = Recurrent,
        ["Lfm2VlForConditionalGeneration"] = Recurrent,
        ["LLaDAModelLM"] = Diffuses,
        ["LongcatFlashForCausalLM"] = "some of its experts give a row back as it came, which the experts' operator of "
            + "ONNX Runtime does not",
        ["LongformerForMultipleChoice"] = SeesGlobals,
        ["LongformerForQuestionAnswering"] = SeesGlobals,
        ["Mamba2ForCausalLM"] = Recurrent,
        ["MambaForCausalLM"] = Recurrent,
        ["MarianForCausalLM"] = IsHalf,
        ["MarkupLMForQuestionAnswering"] = ReadsMarkup,
        ["MarkupLMForSequenceClassification"] = ReadsMarkup,
        ["MarkupLMForTokenClassification"] = ReadsMarkup,
        ["MarkupLMModel"] = ReadsMarkup,
        ["Mask2FormerForUniversalSegmentation"] = SpansPixels,
        ["MBartForCausalLM"] = IsHalf,
        ["MegatronBertForCausalLM"] = IsEncoder,
        ["MiMoV2FlashForCausalLM"] = HasUnevenHeads,
        ["MiniMaxForCausalLM"] = Recurrent,
        ["MiniMaxM3VLForCausalLM"] = PicksKeys,
        ["MiniMaxText01ForCausalLM"] = Recurrent,
        ["MoshiForCausalLM"] = WritesSound,
        ["MusicgenForCausalLM"] = WritesSound,
        ["MusicgenMelodyForCausalLM"] = WritesSound,
        ["MvpForCausalLM"] = IsHalf,
        ["NemotronHForCausalLM"] = Recurrent,
        ["NllbMoeForConditionalGeneration"] = RoutesPairs,
        ["OlmoHybridForCausalLM"] = Recurrent,
        ["PaliGemmaForConditionalGeneration"] = SeesItsPrefix,
        ["PegasusForCausalLM"] = IsHalf,
        ["Pix2StructForConditionalGeneration"] = IsJoined,
        ["PLBartForCausalLM"] = IsHalf,
        ["ProphetNetForCausalLM"] = IsHalf,
        ["Qwen3_5ForCausalLM"] = Recurrent,
        ["Qwen3_5ForConditionalGeneration"] = Recurrent,
        ["Qwen3_5MoeForCausalLM"] = Recurrent,
        ["Qwen3_5MoeForConditionalGeneration"] = Recurrent,
        ["Qwen3NextForCausalLM"] = Recurrent,
        ["Qwen4ExpForCausalLM"] = Recurrent,
        ["RecurrentGemmaForCausalLM"] = Recurrent,
        ["ReformerForMaskedLM"] = Hashes,
        ["ReformerForQuestionAnswering"] = Hashes,
        ["ReformerForSequenceClassification"] = Hashes,
        ["ReformerModel"] = Hashes,
        ["ReformerModelWithLMHead"] = PicksKeys,
        ["RemBertForCausalLM"] = IsEncoder,
        ["RobertaForCausalLM"] = IsEncoder,
        ["RobertaPreLayerNormForCausalLM"] = IsEncoder,
        ["RoCBertForCausalLM"] = IsEncoder,
        ["RoFormerForCausalLM"] = IsEncoder,
        ["RTDetrForObjectDetection"] = PicksQueries,
        ["RTDetrV2ForObjectDetection"] = PicksQueries,
        ["RwkvForCausalLM"] = Recurrent,
        ["SwitchTransformersEncoderModel"] = RoutesPairs,
        ["SwitchTransformersForConditionalGeneration"] = RoutesPairs,
        ["TapasForMaskedLM"] = ReadsTables,
        ["TapasForQuestionAnswering"] = ReadsTables,
        ["TapasForSequenceClassification"] = ReadsTables,
        ["TapasModel"] = ReadsTables,
        ["TransfoXLLMHeadModel"] = HasOtherPositions,
        ["TrOCRForCausalLM"] = IsHalf,
        ["Wav2Vec2ConformerForAudioFrameClassification"] = ProjectsWaves,
        ["Wav2Vec2ConformerForCTC"] = ProjectsWaves,
        ["Wav2Vec2ConformerForPreTraining"] = ProjectsWaves,
        ["Wav2Vec2ConformerForSequenceClassification"] = ProjectsWaves,
        ["Wav2Vec2ConformerForXVector"] = ProjectsWaves,
        ["Wav2Vec2ConformerModel"] = ProjectsWaves,
        ["WhisperForCausalLM"] = IsHalf,
        ["XLMRobertaForCausalLM"] = IsEncoder,
        ["XLMRobertaXLForCausalLM"] = IsEncoder,
        ["xLSTMForCausalLM"] = Recurrent,
        ["XmodForCausalLM"] = IsEncoder,
        ["Zamba2ForCausalLM"] = Recurrent,
        ["ZambaForCausalLM"] = Recurrent,
        ["ZayaForCausalLM"] = Recurrent,
    };

    /// <summary>Why a family is refused, null where it is only not known.</summary>
    public static string? Reason(IEnumerable<string> names) =>
        names.Select(name => Reasons.GetValueOrDefault(name) ?? RefusedPictures.Reason(name))
            .FirstOrDefault(reason => reason is not null);
}
