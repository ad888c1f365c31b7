using System.Text.Json.Nodes;
using Stip.Onnx.Execution;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Which features of the tower the text gets: one layer's or several, with the class token or without, from
/// picture and text to logits. The golden file is of one layer without it.</summary>
public sealed class LlavaFeatureTests(ExportedModels models) : IDisposable
{
    private const string Name = "digits-llava";
    private const string Projector = "multi_modal_projector.linear_1.weight";
    private const int ImageToken = 5;

    // Outputs of scale ~10 in float32; the law allows 1e-3.
    private const float LargestDifference = 2e-4f;

    private readonly TemporaryFolder _folder = new();

    // The projector reads the features of the one layer that the golden model has, and nothing of the others.
    [Theory]
    [InlineData(0, -2, -4, Explicit = true, Traits = ["Category", "Slow"])]
    [InlineData(1, -4, -2, Explicit = true, Traits = ["Category", "Slow"])]
    [InlineData(1, 0, 4, 5)]
    [InlineData(2, -2, 3, -2)]
    public async Task LayersInAList_OfWhichOneIsRead_GiveTheReference(int read, params int[] layers)
    {
        var exported = await ExportAsync(config => config["vision_feature_layer"] = new JsonArray(
            [.. layers.Select(layer => JsonValue.Create(layer))]), layers.Length, read);
        var package = Protected(exported);

        foreach (var reference in EncoderCase.Load(KnownCheckpoints.Folder(Name)))
        {
            var inputs = Inputs(reference);
            var expected = reference.Tensors["logits"].ToFloats();
            Assert.All(new[] { exported, package }, folder => Assert.InRange(
                ReferenceTests.Largest(Logits(folder, inputs), expected), 0, LargestDifference));
        }
    }

    [Fact]
    public async Task ClassToken_ThatStays_IsARowBeforeTheOthers()
    {
        var usual = await ExportAsync(_ => { }, 1, 0);
        var full = await ExportAsync(config => config["vision_feature_select_strategy"] = "full", 1, 0);
        var package = Protected(full);
        var reference = EncoderCase.Load(KnownCheckpoints.Folder(Name))[0];
        var inputs = Inputs(reference);

        var (rows, all) = (Features(usual, inputs), Features(full, inputs));
        Assert.Equal([rows.Shape[0], rows.Shape[1] + 1, rows.Shape[2]], all.Shape);
        var width = (int)rows.Shape[2];
        Assert.InRange(ReferenceTests.Largest(all.ToFloats().AsSpan(width), rows.ToFloats()), 0, LargestDifference);

        // One place more in the text.
        List<long> ids = [.. inputs["input_ids"].ToIntegers()];
        ids.Insert(ids.IndexOf(ImageToken), ImageToken);
        inputs["input_ids"] = HostTensor.FromIntegers([.. ids], 1, ids.Count);
        inputs.Remove("attention_mask");
        var plain = Logits(full, inputs);
        Assert.InRange(ReferenceTests.Largest(Logits(package, inputs), plain), 0, LargestDifference);
        Assert.True(PackageVerifier.Verify(full, package, samples: 2).Passed);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<string> ExportAsync(Action<JsonNode> edit, int layers, int read)
    {
        var (from, to) = (KnownCheckpoints.Folder(Name), _folder.At($"{Guid.NewGuid():N}"));
        Directory.CreateDirectory(to);
        var config = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(from, "config.json")))!;
        edit(config);
        await File.WriteAllTextAsync(Path.Combine(to, "config.json"), config.ToJsonString());
        using var weights = SafetensorsFile.Open(Path.Combine(from, "model.safetensors"));
        await using (var stream = File.Create(Path.Combine(to, "model.safetensors")))
        {
            SafetensorsWriter.Write(stream, [.. weights.Header.Entries.Values.Select(entry =>
            {
                var bytes = weights.Bytes(entry.Name).ToArray();
                return entry.Name == Projector
                    ? new SafetensorsWriter.Source(
                        entry.Name, entry.Dtype, [entry.Shape[0], entry.Shape[1] * layers],
                        target => target.Write(Beside(bytes, (int)entry.Shape[0], layers, read)))
                    : new SafetensorsWriter.Source(
                        entry.Name, entry.Dtype, [.. entry.Shape], target => target.Write(bytes));
            })]);
        }

        return await models.ExportAsync(to, TensorDtype.Float32);
    }

    // Rows of a matrix with zeros on both sides.
    private static byte[] Beside(byte[] matrix, int rows, int layers, int read)
    {
        var width = matrix.Length / rows;
        var wide = new byte[matrix.Length * layers];
        for (var row = 0; row < rows; row++)
        {
            matrix.AsSpan(row * width, width).CopyTo(wide.AsSpan(((row * layers) + read) * width));
        }

        return wide;
    }

    private string Protected(string exported)
    {
        var package = Directory.CreateDirectory(_folder.At($"{Guid.NewGuid():N}")).FullName;
        var made = PackageProtector.Protect(exported, package, new ProtectionOptions(), new SeededRandom(1));
        Assert.True(made.Verification!.Passed);
        return package;
    }

    private static HostTensor Features(string folder, Dictionary<string, HostTensor> inputs)
    {
        using var side = new ExportedSide(folder);
        return Assert.Single(ImageTextRun.Features(side, new Dictionary<string, HostTensor>
        {
            ["pixel_values"] = inputs["pixel_values"],
        })).Tensor;
    }

    private static float[] Logits(string folder, Dictionary<string, HostTensor> inputs) =>
        WholeModel.Run(folder, inputs).First(output => output.Name == "logits").Tensor.ToFloats();

    private static Dictionary<string, HostTensor> Inputs(EncoderCase reference) => reference.Inputs.ToDictionary(
        input => input.Key,
        input => new HostTensor(
            input.Value.Dtype,
            input.Value.Shape.Count == 1 ? [1, .. input.Value.Shape] : input.Value.Shape,
            input.Value.Bytes));
}
