using Stip.Client.Images;
using Stip.TestKit;

namespace Stip.Client.Tests.Images;

/// <summary>Images as models take them, against what Pillow and transformers made of the same files.</summary>
public sealed class ImagePreprocessorTests
{
    // Rounding of the last bit of a float of -1..1: the pixels are equal.
    private const float LargestDifference = 1e-6f;

    [Theory]
    [InlineData("digits-vit", 0, "1500_label1.png")]
    [InlineData("digits-vit", 1, "large_1501.png")]
    [InlineData("digits-llava", 0, "0.png")]
    [InlineData("digits-llava", 3, "3.png")]
    public void Apply_OfAFile_EqualsTheReference(string checkpoint, int reference, string image)
    {
        var folder = KnownCheckpoints.Folder(checkpoint);
        var expected = EncoderCase.Load(folder)[reference].Tensors["pixel_values"].ToFloats();
        var file = File.ReadAllBytes(Path.Combine(folder, "images", image));

        var (values, width, height) =
            ImagePreprocessor.FromFolder(folder, 32, 32).Apply(ImageReader.Decode(file));

        Assert.Equal((32, 32), (width, height));
        for (var i = 0; i < values.Length; i++)
        {
            Assert.InRange(MathF.Abs(values[i] - expected[i]), 0, LargestDifference);
        }
    }

    [Theory]
    [InlineData("""{"size":{"shortest_edge":8},"do_center_crop":true,"crop_size":{"height":8,"width":8}}""", 8, 8)]
    [InlineData("""{"size":{"shortest_edge":8}}""", 16, 8)]
    [InlineData("""{"size":5}""", 5, 5)]
    [InlineData("""{"size":8,"feature_extractor_type":"CLIPFeatureExtractor"}""", 16, 8)]
    [InlineData("""{"do_resize":false,"do_center_crop":true,"crop_size":24}""", 24, 24)]
    public void Apply_BySettings_GivesTheirSize(string settings, int width, int height)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("preprocessor_config.json"), settings);
        var image = new RgbImage(20, 10, [.. Enumerable.Repeat((byte)255, 20 * 10 * 3)]);

        var (values, actualWidth, actualHeight) = ImagePreprocessor.FromFolder(folder.Path, 7, 7).Apply(image);

        Assert.Equal((width, height), (actualWidth, actualHeight));
        Assert.Equal(3 * width * height, values.Length);
        Assert.Equal(1, values[height / 2 * width + width / 2]);
    }

    // After the normalising, a classifier's pixels are divided by image_std once more.
    [Theory]
    [InlineData("EfficientNetImageProcessor", "", 6.25f)]
    [InlineData("EfficientNetImageProcessorFast", ", \"include_top\": true", 6.25f)]
    [InlineData("EfficientNetImageProcessor", ", \"include_top\": false", 2.5f)]
    [InlineData("EfficientNetImageProcessor", ", \"do_normalize\": false", 2.5f)]
    [InlineData("ViTImageProcessor", ", \"include_top\": true", 2.5f)]
    public void Apply_OfAnEfficientNet_DividesByTheDeviationAgain(string type, string more, float white)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("preprocessor_config.json"), $$"""
            {"image_processor_type": "{{type}}", "image_mean": [0, 0, 0], "image_std": [0.4, 0.4, 0.4]{{more}}}
            """);
        var image = new RgbImage(4, 4, [.. Enumerable.Repeat((byte)255, 4 * 4 * 3)]);

        var (values, _, _) = ImagePreprocessor.FromFolder(folder.Path, 4, 4).Apply(image);

        // The factor of a level and the product are rounded once each.
        Assert.All(values, value => Assert.Equal(white, value, white * LargestDifference));
    }

    [Theory]
    [InlineData("""{"resample":9}""")]
    [InlineData("""{"size":{"depth":3}}""")]
    [InlineData("""{"image_mean":[1,2]}""")]
    [InlineData("""{"do_resize":3}""")]
    [InlineData("""{"do_thumbnail":true}""")]
    [InlineData("""{"image_processor_type":"EfficientNetImageProcessor","rescale_offset":true}""")]
    [InlineData("no JSON")]
    public void FromFolder_OfSettingsThatCannotBe_NamesTheFile(string settings)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("preprocessor_config.json"), settings);

        var refusal = Assert.Throws<InvalidDataException>(() => ImagePreprocessor.FromFolder(folder.Path, 7, 7));

        Assert.Contains("preprocessor_config.json", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"height":100000,"width":100000}""", "100000 × 100000")]
    [InlineData("2000000000", "2000000000 × 2000000000")]
    [InlineData("0", "0 × 0")]
    [InlineData("""{"height":-5,"width":8}""", "8 × -5")]
    public void FromFolder_OfACropThatNobodyMakes_IsRefusedByItsSize(string crop, string said)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.At("preprocessor_config.json"), $$"""{"size":8,"do_center_crop":true,"crop_size":{{crop}}}""");

        var refusal = Assert.Throws<InvalidDataException>(() => ImagePreprocessor.FromFolder(folder.Path, 7, 7));

        Assert.Contains(
            $"crop_size is {said}; at least 1 × 1 and at most 64 million pixels", refusal.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 10_000, "224 × 2240000")]
    [InlineData(60_000, 1, "13440000 × 224")]
    public void Apply_OfAVeryLongImage_IsRefusedByItsSizes(int width, int height, string made)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("preprocessor_config.json"), """{"size":{"shortest_edge":224}}""");
        var preprocessor = ImagePreprocessor.FromFolder(folder.Path, 224, 224);

        var refusal = Assert.Throws<InvalidDataException>(() =>
            preprocessor.Apply(new RgbImage(width, height, new byte[width * height * 3])));

        Assert.Contains($"{width} × {height} would be resized to {made}", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "there is no size")]
    [InlineData("""{"do_resize":false}""", "do_resize is false and nothing is cropped")]
    [InlineData("""{"do_resize":false,"do_center_crop":true,"crop_size":24}""", null)]
    public void FromFolder_OfAModelOfAnySize_NeedsASize(string settings, string? fault)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("preprocessor_config.json"), settings);

        var refusal = Record.Exception(() => ImagePreprocessor.FromFolder(folder.Path));

        Assert.Equal(fault is not null, refusal is InvalidDataException);
        Assert.Contains(fault ?? "", refusal?.Message ?? "", StringComparison.Ordinal);
    }
}
