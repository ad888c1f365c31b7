using System.Text.Json.Nodes;
using Stip.Onnx;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Fields of config.json that would make another model than the graph.</summary>
public sealed class RefusedFieldsTests(ExportedModels models) : IDisposable
{
    private const string Sizes = """
        "hidden_size": 64, "intermediate_size": 80, "num_hidden_layers": 1, "num_attention_heads": 4,
        "vocab_size": 37, "max_position_embeddings": 32, "type_vocab_size": 2
        """;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("SqueezeBertModel", """{"q_groups": 5}""", "5 groups, which must divide its 64 outputs and 64 inputs")]
    [InlineData("SqueezeBertModel", """{"output_groups": 5}""",
        "5 groups, which must divide its 64 outputs and 80 inputs")]
    [InlineData("NomicBertModel", """{"activation_function": "swiglu", "rotary_scaling_factor": 2}""",
        "config.json: rotary_scaling_factor is 2; it must be null")]
    [InlineData("NeoBERT", """{"intermediate_size": 1}""", "intermediate_size makes a width of 0; it must be 1..")]
    [InlineData("MptForCausalLM", """{"expansion_ratio": 1073741824}""",
        "expansion_ratio makes a width of 68719476736; it must be 1..1073741824")]
    [InlineData("MptForCausalLM", """{"attn_config": {"alibi": false}}""",
        "attn_config.alibi is false; it must be true")]
    [InlineData("MptForCausalLM", """{"attn_config": {"prefix_lm": true}}""", "prefix_lm is true; it must be false")]
    [InlineData("MptForCausalLM", """{"logit_scale": "inv_sqrt_d_model"}""", "logit_scale is given; it must be null")]
    [InlineData("MiniCPMForCausalLM", """{"sparse_config": {"dense_len": 16}}""", "give --context-length 1..15")]
    [InlineData("NomicBertModel", """{"causal": true}""", "causal is true; it must be false")]
    [InlineData("NomicBertModel", """{"activation_function": "glu"}""",
        "activation_function is 'glu'; it must be 'swiglu' or 'geglu' or 'gelu'")]
    [InlineData("ConvNextModel", """{"num_stages": 3}""", "num_stages is 3; it must be 4, as many as hidden_sizes has")]
    [InlineData("DeepseekV3ForCausalLM", """{"topk_method": "greedy"}""",
        "topk_method is 'greedy'; it must be 'noaux_tc'")]
    [InlineData("DeepseekV3ForCausalLM",
        """{"qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "qk_head_dim": 24}""", "qk_head_dim is 24; it must be 16")]
    [InlineData("Dinov2Model", """{"mlp_ratio": 1e9}""", "mlp_ratio makes a width of 64000000000; it must be 1..")]
    [InlineData("NomicBertModel", """{"num_experts": 4, "moe_every_n_layers": 1, "activation_function": "swiglu"}""",
        "experts that are gated (activation_function swiglu), narrower than other layers")]
    [InlineData("NomicBertModel",
        """
        {"num_experts": 2, "moe_every_n_layers": 2, "moe_top_k": 3, "activation_function": "gelu",
         "num_hidden_layers": 2}
        """,
        "3 of 2 experts are to be chosen")]
    [InlineData("Swinv2Model",
        """{"image_size": 12, "patch_size": 4, "embed_dim": 64, "depths": [1, 1], "num_heads": [4, 4]}""",
        "stage 0 of this Swin 2 has 3 × 3 patches; both must be even")]
    [InlineData("Swinv2Model",
        """{"pretrained_window_sizes": [1], "embed_dim": 64, "depths": [1], "num_heads": [4]}""",
        "pretrained_window_sizes has 1; it must be 0 or at least 2")]
    [InlineData("SwinModel", """{"image_size": [4096, 1024], "patch_size": 4, "window_size": 128}""",
        "the pairs of 16384 patches of a window in 8 windows are more than a graph can hold")]
    [InlineData("CvtModel", """{"depth": [1, 2, 3, 4]}""",
        "embed_dim has 3 entries; it must have one for each of the 4 of depth")]
    [InlineData("CvtModel", """{"patch_padding": null}""", "patch_padding has 0 entries")]
    [InlineData("CvtModel", """{"stride_q": [2, 1, 1]}""", "stage 0 has stride_q 2 and 1 heads of width 64")]
    [InlineData("CvtModel", """{"cls_token": [0, 1, 1]}""", "cls_token must be true at the last stage alone")]
    [InlineData("ViTModel", """{"image_size": 100000, "patch_size": 100000}""",
        "a patch of 100000 × 100000 in 3 channels has 30000000000 numbers; there may be 1..16777216")]
    [InlineData("ASTModel", """{"patch_size": 1000, "num_mel_bins": 1200, "max_length": 1200}""",
        "441 overlapping patches of 1000 × 1000 (patch_size, frequency_stride, time_stride) have 441000000 places")]
    [InlineData("Olmo3ForCausalLM", """{"layer_types": ["linear_attention"]}""",
        "layer_types has 'linear_attention'; there are sliding_attention and full_attention")]
    [InlineData("Olmo3ForCausalLM", """{"layer_types": ["full_attention"], "num_hidden_layers": 2}""",
        "layer_types has 1 types; there are 2 layers")]
    [InlineData("ExaoneMoeForCausalLM", """{"sliding_window_pattern": "LLLG", "num_key_value_heads": 4}""",
        "sliding_window_pattern is \"LLLG\"; it must be 1..")]
    [InlineData("Exaone4ForCausalLM",
        """{"sliding_window": 4, "sliding_window_pattern": "", "num_key_value_heads": 4}""",
        "sliding_window_pattern is empty; it must have a letter or more")]
    [InlineData("SmolLM3ForCausalLM",
        """{"no_rope_layers": [1], "num_hidden_layers": 2, "num_key_value_heads": 4}""",
        "no_rope_layers has 1 numbers; it must have one for each of 2 layers")]
    [InlineData("XmodModel", """{"languages": ["en_XX", "de_DE"]}""",
        "--task is not given, and config.json has no default_language; this model has en_XX, de_DE")]
    [InlineData("XmodModel", """{"languages": ["en_XX"], "default_language": "en_XX", "ln_before_adapter": false}""",
        "adapter_reuse_layer_norm and ln_before_adapter must be true")]
    [InlineData("ClapModel", """{"text_config": {}}""", "give --tower text")]
    [InlineData("ConvBertModel", """{"head_ratio": 4}""", "head_ratio is 4")]
    [InlineData("ConvBertModel", """{"num_groups": 5, "embedding_size": 64}""", "num_groups is 5; it must divide")]
    [InlineData("XLNetModel", """{"d_model": 64, "d_inner": 80, "n_layer": 1, "n_head": 4, "attn_type": "uni"}""",
        "attn_type is 'uni'; it must be 'bi'")]
    [InlineData("ConvNextModel", """{"hidden_sizes": [8, 16], "depths": [1]}""", "they must have as many")]
    [InlineData("DPTForDepthEstimation", """{"is_hybrid": true}""", "is_hybrid is true; it must be false")]
    [InlineData("DPTForDepthEstimation",
        """
        {"head_in_index": 0, "num_hidden_layers": 2, "backbone_out_indices": [0, 1], "image_size": 32,
         "neck_hidden_sizes": [8, 8], "reassemble_factors": [2, 1]}
        """,
        "head_in_index is 0; it must be -1, the last image")]
    [InlineData("MobileNetV2Model", """{"output_stride": 8}""", "output_stride is 8; it must be 32")]
    [InlineData("PvtV2Model", """{"linear_attention": true}""", "linear_attention is true; it must be false")]
    [InlineData("PvtModel", """{"image_size": 30, "num_attention_heads": [1, 1, 1, 1]}""",
        "patches of 4 at stage 0 of this PVT must divide an image of 30 × 30")]
    [InlineData("VivitModel", """{"tubelet_size": [2, 16, 8]}""",
        "tubelet_size is 2 × 16 × 8; it must be frames × side × the same side")]
    [InlineData("DepthAnythingForDepthEstimation", """{"backbone_config": {"model_type": "swinv2"}}""",
        "model_type is 'swinv2'; it must be 'dinov2'")]
    [InlineData("DepthAnythingForDepthEstimation",
        """{"backbone_config": {"model_type": "dinov2", "out_indices": [4, 2]}}""", "they must rise within 1..12")]
    [InlineData("MvpForConditionalGeneration", """{"use_prompt": true, "d_model": 64}""", "use_prompt")]
    [InlineData("SwinModel", """{"mlp_ratio": 1e9, "embed_dim": 64, "depths": [1], "num_heads": [4]}""",
        "mlp_ratio makes a width of 64000000000; it must be 1..")]
    [InlineData("OPTModel", """{"ffn_dim": 80, "word_embed_proj_dim": 32}""",
        "word_embed_proj_dim is 32; without a language head it must be hidden_size (64)")]
    [InlineData("DetrModel", """{"backbone": null}""", "backbone is null; it must be one of resnet18, resnet34,")]
    [InlineData("DetrModel", """{"backbone_config": {"model_type": "timm_backbone", "backbone": "swin_tiny"}}""",
        "backbone is 'swin_tiny'; it must be one of resnet18, resnet34,")]
    [InlineData("DetrModel", """{"backbone_kwargs": {"output_stride": 16}}""",
        "output_stride is 16; it must be 32")]
    [InlineData("DetrModel", """
        {"backbone_config": {"model_type": "timm_backbone", "backbone": "resnet50", "output_stride": 16}}
        """, "output_stride is 16; it must be 32")]
    [InlineData("DetrModel", """
        {"use_timm_backbone": false, "backbone_config": {"model_type": "resnet", "out_features": ["stage2", "stage3"]}}
        """, "out_features ends with 'stage3'; it must end with 'stage4'")]
    [InlineData("DetrModel", """
        {"backbone_config": {"model_type": "timm_backbone", "backbone": "resnet50", "out_indices": [1, 2, 3]}}
        """, "out_indices ends with 3; it must end with 4")]
    [InlineData("LayoutLMv3Model",
        """{"coordinate_size": 12, "shape_size": 8, "max_rel_2d_pos": 1073741824}""",
        "max_rel_2d_pos is 1073741824; it must be 17..65536")]
    [InlineData("LayoutLMv3Model", """{"coordinate_size": 12, "shape_size": 8, "rel_pos_bins": 2}""",
        "rel_pos_bins is 2; it must be at least 4")]
    [InlineData("ElectraForMultipleChoice", """{"summary_type": "mean"}""",
        "summary_type is 'mean'; it must be 'first'")]
    public async Task Export_OfAFieldThatCannotBe_NamesIt(string architecture, string fields, string reason)
    {
        var config = JsonNode.Parse($$"""{"architectures": ["{{architecture}}"], {{Sizes}}}""")!;
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject())
        {
            config[name] = value?.DeepClone();
        }

        File.WriteAllText(_folder.At("config.json"), config.ToJsonString());

        Assert.Contains(
            reason,
            (await Assert.ThrowsAsync<RefusedException>(
                () => models.ExportAsync(_folder.Path, TensorDtype.Float32, randomSeed: 1))).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("preprocessor_config.json", "")]
    [InlineData("processor_config.json", "image_processor")]
    public async Task Export_OfPositionsOfAnOblongForAnotherSize_IsRefused(string file, string part)
    {
        File.WriteAllText(
            _folder.At("config.json"),
            $$"""{"architectures": ["Dinov2Model"], "image_size": [28, 42], "mlp_ratio": 2, {{Sizes}}}""");
        const string Settings = """{"do_center_crop": true, "crop_size": {"height": 28, "width": 28}}""";
        File.WriteAllText(_folder.At(file), part.Length > 0 ? $$"""{"{{part}}": {{Settings}}}""" : Settings);

        Assert.Contains(
            "image_size is 28 × 42; positions are resampled from squares alone",
            (await Assert.ThrowsAsync<RefusedException>(
                () => models.ExportAsync(_folder.Path, TensorDtype.Float32, randomSeed: 1))).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "--task is search; it is for models with tasks of their own, and XLMRobertaModel has none")]
    [InlineData(
        """, "position_embedding_type": "rotary", "lora_adaptations": ["retrieval", "separation"]""",
        "--task is search; this model has retrieval, separation, or none without --task")]
    public async Task Export_OfATaskThatAModelDoesNotHave_IsRefused(string fields, string reason)
    {
        File.WriteAllText(
            _folder.At("config.json"), $$"""{"architectures": ["XLMRobertaModel"], {{Sizes}}{{fields}}}""");

        Assert.Contains(
            reason,
            (await Assert.ThrowsAsync<RefusedException>(() => models.ExportAsync(
                _folder.Path, TensorDtype.Float32, randomSeed: 1, task: "search"))).Message,
            StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
