using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Architectures.Joined;

/// <summary>config.json of a LLaVA.</summary>
/// <param name="Text">The decoder's own configuration, as the file has it.</param>
/// <param name="Vision">The tower's own configuration.</param>
/// <param name="FeatureLayers">Which layers' features are taken: from 0 (before the first layer), or from the end where
/// negative.</param>
/// <param name="DropsClassToken">True where the class token's row is left out.</param>
/// <param name="ProjectorActivation">Function between the projector's matrices.</param>
/// <param name="HasProjectorBias">True where the projector has biases.</param>
/// <param name="ImageTokenId">The token in whose place an image's rows stand.</param>
internal sealed record LlavaConfig(
    ConfigJson Text,
    ConfigJson Vision,
    IReadOnlyList<int> FeatureLayers,
    bool DropsClassToken,
    string ProjectorActivation,
    bool HasProjectorBias,
    int ImageTokenId)
{
    private const int DefaultImageToken = 32000;
    private const int DefaultLayer = -2;

    public static LlavaConfig Read(ConfigJson config)
    {
        var vision = config.Section("vision_config")
            ?? throw new RefusedException("config.json has no vision_config");
        vision.RefuseUnless("model_type", "clip_vision_model");
        var text = config.Section("text_config")
            ?? throw new RefusedException("config.json has no text_config");
        return new LlavaConfig(
            text,
            vision,
            config.IntegerList("vision_feature_layer") ?? [DefaultLayer],
            ReadStrategy(config),
            config.Text("projector_hidden_act") ?? "gelu",
            config.Flag("multimodal_projector_bias", true),
            config.TokenIds("image_token_index") is [var index, ..] ? index
                : config.TokenIds("image_token_id") is [var id, ..] ? id : DefaultImageToken);
    }

    /// <summary>The feature layers counted from 0.</summary>
    public IReadOnlyList<int> Layers(int count) => [.. FeatureLayers.Select(layer =>
    {
        var counted = layer < 0 ? layer + count + 1 : layer;
        return counted >= 0 && counted <= count
            ? counted
            : throw new RefusedException(
                $"config.json: vision_feature_layer is {layer}; the tower has {-count - 1}..{count}");
    })];

    private static bool ReadStrategy(ConfigJson config) => config.Text("vision_feature_select_strategy") switch
    {
        null or "default" => true,
        "full" => false,
        var other => throw new RefusedException(
            $"config.json: vision_feature_select_strategy is '{other}'; it must be 'default' or 'full'"),
    };
}
