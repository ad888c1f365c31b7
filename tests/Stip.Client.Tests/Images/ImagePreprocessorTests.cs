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
    [InlineData("""{"size":8,"feature_extractor_type":"CLIPFeatureExtractor","do_center_crop":false}""", 16, 8)]
    [InlineData("""{"size":8,"feature_extractor_type":"CLIPFeatureExtractor"}""", 7, 7)]
    [InlineData("""{"size":8,"image_processor_type":"BitImageProcessor","crop_size":6}""", 6, 6)]
    [InlineData("""{"size":5,"image_processor_type":"ViTImageProcessor"}""", 5, 5)]
    [InlineData("""{"size":8,"image_processor_type":"ChineseCLIPImageProcessor","do_center_crop":false}""", 16, 8)]
    [InlineData("""{"size":8,"image_processor_type":"MobileNetV2ImageProcessor","do_center_crop":false}""", 16, 8)]
    [InlineData("""{"size":7,"image_processor_type":"LevitImageProcessor","do_center_crop":false}""", 16, 8)]
    [InlineData("""
        {"size":{"height":7,"width":7},"image_processor_type":"LevitImageProcessor","do_center_crop":false}
        """, 7, 7)]
    [InlineData("""{"size":9,"image_processor_type":"PoolFormerImageProcessor","do_center_crop":false}""", 20, 10)]
    [InlineData("""
        {"size":{"height":9,"width":18},"image_processor_type":"PoolFormerImageProcessor","do_center_crop":false}
        """, 20, 10)]
    [InlineData("""
        {"size":9,"image_processor_type":"PoolFormerImageProcessor","crop_pct":null,"do_center_crop":false}
        """, 18, 9)]
    [InlineData("""{"size":7,"feature_extractor_type":"ConvNextFeatureExtractor"}""", 7, 7)]
    [InlineData("""{"size":8,"image_processor_type":"ViTHybridImageProcessor","do_center_crop":false}""", 16, 8)]
    [InlineData("""{"size":8,"image_processor_type":"ViTHybridImageProcessor"}""", 7, 7)]
    [InlineData("""{"size":8,"image_processor_type":"VideoMAEImageProcessor","do_center_crop":false}""", 16, 8)]
    [InlineData("""{"size":8,"image_processor_type":"VideoMAEImageProcessor","crop_size":6}""", 6, 6)]
    [InlineData("""{"size":8,"image_processor_type":"LayoutLMv3ImageProcessor"}""", 8, 8)]
    [InlineData("""{"size":8,"image_processor_type":"BeitImageProcessor","crop_size":6}""", 6, 6)]
    [InlineData("""{"size":8,"image_processor_type":"BeitFeatureExtractor","do_center_crop":false}""", 8, 8)]
    [InlineData("""{"size":8,"image_processor_type":"Owlv2ImageProcessor","do_pad":false}""", 8, 8)]
    [InlineData("""{"size":{"shortest_edge":400},"image_processor_type":"ConvNextImageProcessorFast"}""", 400, 400)]
    [InlineData("""{"size":8,"image_processor_type":"SomeNewImageProcessor","do_resize":false}""", 20, 10)]
    [InlineData("""{"size":[5,6],"image_processor_type":"OwlViTFeatureExtractor"}""", 6, 5)] // height first
    [InlineData("""{"size":8,"image_processor_type":"CLIPImageProcessor","crop_size":[6,5]}""", 5, 6)]
    [InlineData("""{"size":8,"image_processor_type":"BlipImageProcessor","do_pad":true,"size_divisor":32}""", 8, 8)]
    [InlineData("""{"size":8,"image_processor_type":"ViTImageProcessor","do_pad":true}""", 8, 8)]
    [InlineData("""
        {"size":{"height":8,"width":16},"image_processor_type":"DPTImageProcessor","ensure_multiple_of":5}
        """, 15, 10)]
    [InlineData("""
        {"size":{"height":8,"width":16},"image_processor_type":"ViTImageProcessor","ensure_multiple_of":5}
        """, 16, 8)]
    [InlineData("""{"do_resize":null}""", 20, 10)]
    [InlineData("""{"do_resize":false,"do_center_crop":true,"crop_size":24}""", 24, 24)]
    public void Apply_BySettings_GivesTheirSize(string settings, int width, int height)
    {
        var image = new RgbImage(20, 10, [.. Enumerable.Repeat((byte)255, 20 * 10 * 3)]);
        var whole = settings.TrimEnd()[..^1] + (settings == "{}" ? "" : ",")
            + "\"image_mean\": [0.5, 0.5, 0.5], \"image_std\": [0.5, 0.5, 0.5]}";

        var (values, actualWidth, actualHeight) = Settled(image, whole);

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

    // 224 of 256 are seen: the shorter side becomes 256, and the middle of 341 × 256 is cut out.
    [Theory]
    [InlineData("", 256)]
    [InlineData(", \"crop_pct\": null", 256)]
    [InlineData(", \"crop_pct\": 0.95", 235)]
    public void Apply_OfAConvNext_CutsTheMiddleOutOfALargerImage(string share, int shorter)
    {
        var image = Gradient(320, 240);
        var expected = Settled(image, $$"""
            {"size": {"shortest_edge": {{shorter}}}, "resample": 3, "do_center_crop": true, "crop_size": 224}
            """);

        var found = Settled(image, $$"""
            {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224}, "resample": 3{{share}}}
            """);

        Assert.Equal((224, 224), (found.Width, found.Height));
        Assert.Equal(expected.Values, found.Values);
    }

    // Blue first, between 0 and 1.
    [Theory]
    [InlineData("MobileViTImageProcessor", "", 0, 0, 1)]
    [InlineData("MobileViTFeatureExtractor", ", \"do_flip_channel_order\": true", 0, 0, 1)]
    [InlineData("MobileViTImageProcessorFast", ", \"do_normalize\": null", 0, 0, 1)]
    [InlineData("MobileViTImageProcessor", ", \"do_flip_channel_order\": false", 1, 0, 0)]
    [InlineData("MobileViTImageProcessor", ", \"do_normalize\": true", -1, -1, 1)]
    [InlineData("ViTImageProcessor", ", \"do_normalize\": null", 1, 0, 0)]
    [InlineData("ViTImageProcessor", ", \"do_flip_channel_order\": null", 1, -1, -1)]
    public void Apply_OfRed_PutsItsPlanesInOrder(string type, string more, float first, float second, float third)
    {
        RgbImage red = new(1, 1, [255, 0, 0]);

        var (values, _, _) = Settled(red, $$"""
            {"image_processor_type": "{{type}}", "size": 1, "crop_size": 1{{more}}}
            """);

        Assert.Equal([first, second, third], values);
    }

    [Fact]
    public void Apply_OfSettingsInEitherFile_IsTheSame()
    {
        const string Settings = """
            {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 24},
             "image_mean": [0.1, 0.2, 0.3]}
            """;
        var image = Gradient(40, 30);
        var expected = Settled(image, Settings).Values;

        var inside = $$"""{"processor_class": "CLIPProcessor", "image_processor": {{Settings}}}""";

        Assert.Equal(expected, Settled(image, inside, "processor_config.json").Values);
        // The newer file counts, and one without such settings does not.
        Assert.Equal(expected, Settled(image, inside, "processor_config.json", """{"size": 9}""").Values);
        Assert.Equal(expected, Settled(image, """{"image_seq_length": 5}""", "processor_config.json", Settings).Values);
    }

    internal static RgbImage Gradient(int width, int height) => new(
        width, height, [.. Enumerable.Range(0, width * height * 3).Select(i => (byte)(i * 7 % 256))]);

    internal static (float[] Values, int Width, int Height) Settled(
        RgbImage image, string settings, string file = "preprocessor_config.json", string? older = null)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("preprocessor_config.json"), older ?? "{}");
        File.WriteAllText(folder.At(file), settings);
        return ImagePreprocessor.FromFolder(folder.Path, 7, 7).Apply(image);
    }

    [Theory]
    [InlineData("""{"resample":9}""")]
    [InlineData("""{"size":8,"image_processor_type":"SomeNewImageProcessor"}""")]
    [InlineData("""{"size":{"height":8,"width":9},"image_processor_type":"ConvNextImageProcessor"}""")]
    [InlineData("""{"size":8,"crop_pct":0,"image_processor_type":"ConvNextImageProcessor"}""")]
    [InlineData("""{"do_flip_channel_order":true}""")]
    [InlineData("""
        {"image_processor_type":"DPTImageProcessor","size":{"height":8,"width":9},"keep_aspect_ratio":true}
        """)]
    [InlineData("""{"size":[8,8],"image_processor_type":"SomeNewImageProcessor"}""")]
    [InlineData("""{"size":[8,8,8]}""")]
    [InlineData("""{"size":"large"}""")]
    [InlineData("""{"size":8,"image_processor_type":"DPTImageProcessor","ensure_multiple_of":0}""")]
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

    // Neither changes a square.
    [Theory]
    [InlineData("""{"image_processor_type":"Owlv2ImageProcessor","size":8}""", "do_pad")]
    [InlineData("""{"image_processor_type":"Siglip2ImageProcessorFast","size":8}""", "max_num_patches")]
    [InlineData("""{"image_processor_type":"DPTImageProcessor","size":8,"resample":2,"do_pad":true}""", "do_pad")]
    [InlineData("""
        {"image_processor_type":"SomeNewImageProcessor","size":{"height":8,"width":8},"do_pad":true}
        """, "do_pad")]
    [InlineData("""
        {"image_processor_type":"DPTImageProcessor","size":{"height":8,"width":8},"resample":2,
         "keep_aspect_ratio":true}
        """, "keep_aspect_ratio")]
    public void Apply_WhereASettingWouldMakeSquares_TakesThemAndRefusesOthersByIt(string settings, string said)
    {
        var square = Gradient(20, 20);
        var expected = Settled(square, """{"image_processor_type":"ViTImageProcessor","size":8}""");

        var found = Settled(square, settings.TrimEnd()[..^1] + ", \"image_mean\": 0.5, \"image_std\": 0.5}");
        Assert.Equal(expected.Values, found.Values);
        var refusal = Assert.Throws<InvalidDataException>(() => Settled(Gradient(20, 10), settings));

        Assert.Contains($"an image is 20 × 10; with {said}", refusal.Message, StringComparison.Ordinal);
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
