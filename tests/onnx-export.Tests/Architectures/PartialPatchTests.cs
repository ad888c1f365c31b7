using Stip.Onnx.Execution;
using Stip.Onnx.Running;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Images whose sides patches do not divide: what is left over at the right and below counts for
/// nothing, or is filled up.</summary>
public sealed class PartialPatchTests(ExportedModels models) : IDisposable
{
    private const string Sizes = """
        "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 40, "patch_size": 8,
        "num_frames": 4, "num_detection_tokens": 5, "embed_dim": 24, "depths": [2], "num_heads": [3], "window_size": 2
        """;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("VideoMAEForVideoClassification", 4)]
    [InlineData("YolosForObjectDetection", 1)]
    public async Task Outputs_OfAnImageThatPatchesDoNotDivide_AreThoseOfItsWholePatches(string name, int frames)
    {
        var (whole, partial) = (await ExportAsync(name, "[16, 24]"), await ExportAsync(name, "[18, 29]"));
        var pixels = Enumerable.Range(0, frames * 3 * 18 * 29).Select(i => MathF.Sin(i * 0.37f)).ToArray();
        var inside = pixels.Where((_, i) => i % 29 < 24 && i / 29 % 18 < 16).ToArray();

        var actual = Run(partial, pixels, frames, 18, 29);

        Assert.Equal(Run(whole, inside, frames, 16, 24), actual);
    }

    // As the published model does before its patches.
    [Theory]
    [InlineData("SwinForImageClassification")]
    [InlineData("Swinv2ForImageClassification")]
    public async Task Outputs_OfASwinWhoseImagePatchesDoNotDivide_AreThoseOfTheImageWithZerosAround(string name)
    {
        var (whole, partial) = (await ExportAsync(name, "[16, 32]"), await ExportAsync(name, "[11, 29]"));
        var pixels = Enumerable.Range(0, 3 * 11 * 29).Select(i => MathF.Sin(i * 0.37f)).ToArray();
        var filled = new float[3 * 16 * 32];
        for (var i = 0; i < pixels.Length; i++)
        {
            filled[(i / (11 * 29) * 16 * 32) + (i / 29 % 11 * 32) + (i % 29)] = pixels[i];
        }

        var actual = Run(partial, pixels, 1, 11, 29);

        Assert.Equal(Run(whole, filled, 1, 16, 32), actual);
    }

    public void Dispose() => _folder.Dispose();

    private Task<string> ExportAsync(string name, string size)
    {
        var folder = Directory.CreateDirectory(_folder.At(size)).FullName;
        File.WriteAllText(
            Path.Combine(folder, "config.json"),
            $$"""{"architectures": ["{{name}}"], "image_size": {{size}}, {{Sizes}}}""");
        return models.ExportAsync(folder, TensorDtype.Float32, randomSeed: 1);
    }

    private static float[] Run(string folder, float[] pixels, params long[] sides)
    {
        long[] shape = sides[0] > 1 ? [1, sides[0], 3, .. sides[1..]] : [1, 3, .. sides[1..]];
        var input = new Dictionary<string, HostTensor> { ["pixel_values"] = HostTensor.FromFloats(pixels, shape) };
        return WholeModel.Run(folder, input).First(output => output.Name == "logits").Tensor.ToFloats();
    }
}
