using Stip.Client.Images;
using Stip.TestKit;
using static Stip.Client.Tests.Images.ImagePreprocessorTests;

namespace Stip.Client.Tests.Images;

/// <summary>What processors have by their name where their settings leave it out.</summary>
public sealed class ProcessorKindTests
{
    private const string Clip = "0.48145466, 0.4578275, 0.40821073";
    private const string ClipStd = "0.26862954, 0.26130258, 0.27577711";

    // Settings that say nothing but the name are those of transformers' class.
    [Theory]
    [InlineData("ViT", 2, "0.5, 0.5, 0.5", "0.5, 0.5, 0.5")]
    [InlineData("Siglip", 3, "0.5, 0.5, 0.5", "0.5, 0.5, 0.5")]
    [InlineData("EfficientNet", 0, "0.5, 0.5, 0.5", "0.5, 0.5, 0.5")]
    [InlineData("Segformer", 2, "0.485, 0.456, 0.406", "0.229, 0.224, 0.225")]
    [InlineData("PoolFormer", 3, "0.485, 0.456, 0.406", "0.229, 0.224, 0.225")]
    [InlineData("CLIP", 3, Clip, ClipStd)]
    [InlineData("Blip", 3, Clip, ClipStd)]
    [InlineData("Owlv2", 2, Clip, ClipStd)]
    public void Apply_WhereSettingsLeaveOut_TakesWhatTheProcessorHas(string kind, int filter, string mean, string std)
    {
        var image = Gradient(20, 20);
        var expected = Settled(image, $$"""
            {"image_processor_type": "{{kind}}ImageProcessor", "size": 12, "crop_size": 9, "resample": {{filter}},
             "image_mean": [{{mean}}], "image_std": [{{std}}]}
            """);

        var found = Settled(
            image, $$"""{"image_processor_type": "{{kind}}ImageProcessor", "size": 12, "crop_size": 9}""");

        Assert.Equal(expected.Values, found.Values);
    }

    // PoolFormer's first files.
    [Theory]
    [InlineData("PoolFormerFeatureExtractor", 224)]
    [InlineData("MobileViTImageProcessor", 256)]
    public void Apply_WithoutACropOfAModelOfAnySize_CutsWhatTheProcessorCuts(string type, int side)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.At("preprocessor_config.json"), $$"""{"feature_extractor_type": "{{type}}", "size": 288}""");

        var found = ImagePreprocessor.FromFolder(folder.Path).Apply(Gradient(40, 30));

        Assert.Equal((side, side), (found.Width, found.Height));
    }
}
