using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Blocks;

/// <summary>Layers after the pooling of a sentence-transformers folder, against the same computed by hand from the
/// rows that the encoder gives without them.</summary>
public sealed class SentenceLayersTests(ExportedModels models) : IDisposable
{
    private const string Identity = "torch.nn.modules.linear.Identity";
    private const string Tanh = "torch.nn.modules.activation.Tanh";
    private const int Hidden = 24;
    private const int Inner = 17;
    private const int Outer = 11;

    // Sums of float32 in another order, of numbers around 1.
    private const float LargestDifference = 1e-5f;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("mean", Identity, false)]
    [InlineData("mean", Tanh, false)]
    [InlineData("cls", Tanh, false)]
    [InlineData("lasttoken", Identity, false)]
    [InlineData("mean", Identity, true)]
    [InlineData("mean", Tanh, true)]
    [InlineData("cls", Tanh, true)]
    public async Task Vectors_ThroughLayers_EqualThoseComputedByHand(
        string pooling, string activation, bool hasResiduals)
    {
        var plain = await models.ExportAsync(Folder("plain", pooling, activation, layers: 0), TensorDtype.Float32);
        var deep = await models.ExportAsync(
            Folder("deep", pooling, activation, layers: 2, hasResiduals), TensorDtype.Float32);
        var package = Directory.CreateDirectory(_folder.At("package")).FullName;
        PackageProtector.Protect(deep, package, new ProtectionOptions(), new SeededRandom(1));
        var inputs = Inputs();
        var rows = WholeModel.Run(plain, inputs).Single().Tensor; // [2, 5, hidden]
        foreach (var folder in new[] { deep, package })
        {
            var (name, tensor) = WholeModel.Run(folder, inputs).Single();

            Assert.Equal(pooling == "mean" && activation == Tanh ? "text_embeds" : "last_hidden_state", name);
            for (var text = 0; text < 2; text++)
            {
                var expected = ByHand(Pool(rows, text, pooling), activation, hasResiduals);
                var actual = tensor.Shape.Count == 2
                    ? tensor.ToFloats().AsSpan(text * Outer, Outer).ToArray()
                    : Pool(tensor, text, pooling);
                Assert.All(expected.Zip(actual), pair => Assert.InRange(
                    MathF.Abs(pair.First - pair.Second), 0, LargestDifference));
            }
        }
    }

    [Fact]
    public async Task Export_OfALayerAfterTheLargest_IsRefused()
    {
        var source = Folder("largest", "max", Identity, layers: 1);

        var error = await Assert.ThrowsAsync<RefusedException>(
            () => models.ExportAsync(source, TensorDtype.Float32));

        Assert.Contains("Dense follows pooling by 'max'; it must be mean, cls or lasttoken", error.Message);
    }

    public void Dispose() => _folder.Dispose();

    private static Dictionary<string, HostTensor> Inputs() => new()
    {
        ["input_ids"] = HostTensor.FromIntegers([5, 9, 2, 30, 7, 1, 8, 8, 0, 0], 2, 5),
        ["attention_mask"] = HostTensor.FromIntegers([1, 1, 1, 1, 1, 1, 1, 1, 0, 0], 2, 5),
    };

    // The second text has three tokens.
    private static float[] Pool(HostTensor rows, int text, string pooling)
    {
        var (width, tokens) = ((int)rows.Shape[^1], text == 0 ? 5 : 3);
        var own = rows.ToFloats().AsSpan(text * 5 * width, tokens * width).ToArray().Chunk(width).ToList();
        return pooling switch
        {
            "cls" => own[0],
            "lasttoken" => own[^1],
            _ => [.. Enumerable.Range(0, width).Select(channel => own.Average(row => row[channel]))],
        };
    }

    // What comes in is added as it is where it is as wide.
    private static float[] ByHand(float[] row, string activation, bool hasResiduals)
    {
        foreach (var (name, outputs) in new[] { ("first", hasResiduals ? Hidden : Inner), ("second", Outer) })
        {
            var matrix = DrawnWeights.Draw(name, [outputs, row.Length], 0.3f, 0);
            var bias = DrawnWeights.Draw($"{name}.bias", [outputs], 0.3f, 0);
            var source = row;
            row = [.. Enumerable.Range(0, outputs).Select(output => bias[output] + Enumerable.Range(0, source.Length)
                .Sum(input => matrix[output * source.Length + input] * source[input]))];
            row = activation == Tanh ? [.. row.Select(MathF.Tanh)] : row;
            if (hasResiduals)
            {
                var kept = DrawnWeights.Draw($"{name}.residual", [outputs, source.Length], 0.3f, 0);
                row = [.. row.Select((value, output) => value + (outputs == source.Length
                    ? source[output]
                    : Enumerable.Range(0, source.Length)
                        .Sum(input => kept[output * source.Length + input] * source[input])))];
            }
        }

        return row;
    }

    [Theory]
    [InlineData("module_input_name", "token_embeddings")]
    [InlineData("module_output_name", "other")]
    public async Task Export_OfALayerOfSomethingElse_IsRefused(string field, string value)
    {
        var source = Folder("else", "mean", Identity, layers: 1);
        WriteModule(source, "2_Dense", $$"""
            {"in_features": {{Hidden}}, "out_features": {{Inner}}, "{{field}}": "{{value}}"}
            """);

        var error = await Assert.ThrowsAsync<RefusedException>(
            () => models.ExportAsync(source, TensorDtype.Float32));

        Assert.Contains($"{field} is '{value}'; it must be 'sentence_embedding'", error.Message);
    }

    private string Folder(string name, string pooling, string activation, int layers, bool hasResiduals = false)
    {
        var folder = Directory.CreateDirectory(_folder.At(name)).FullName;
        var recipe = System.Text.Json.JsonSerializer.Deserialize<JsonArray>(File.ReadAllBytes(
            RepositoryRoot.At("tests", "data", "architectures", "encoders.json")))!
            .First(recipe => $"{recipe!["name"]}" == "qwen2-both-sides")!;
        DrawnWeights.WriteCheckpoint(folder, recipe["config"]!, recipe["tensors"]!.AsObject());
        List<(string, string)> modules = [("Transformer", ""), ("Pooling", "1_Pooling")];
        WriteModule(folder, "1_Pooling", $$"""{"pooling_mode": "{{pooling}}"}""");
        var widths = new[] { Hidden, hasResiduals ? Hidden : Inner, Outer };
        for (var layer = 0; layer < layers; layer++)
        {
            var (inputs, outputs) = (widths[layer], widths[layer + 1]);
            var path = $"{layer + 2}_Dense";
            modules.Add(("Dense", path));
            WriteModule(folder, path, $$"""
                {"in_features": {{inputs}}, "out_features": {{outputs}}, "bias": true,
                 "use_residual": {{(hasResiduals ? "true" : "false")}}, "module_input_name": "sentence_embedding",
                 "activation_function": "{{activation}}"}
                """);
            WriteLayer(Path.Combine(folder, path), layer == 0 ? "first" : "second", inputs, outputs, hasResiduals);
        }

        var list = modules.Select(module => $$"""
            {"path": "{{module.Item2}}", "type": "sentence_transformers.models.{{module.Item1}}"}
            """);
        File.WriteAllText(Path.Combine(folder, "modules.json"), $"[{string.Join(", ", list)}]");
        return folder;
    }

    private static void WriteModule(string folder, string path, string config) => File.WriteAllText(
        Path.Combine(Directory.CreateDirectory(Path.Combine(folder, path)).FullName, "config.json"), config);

    private static void WriteLayer(string folder, string name, int inputs, int outputs, bool hasResiduals)
    {
        using var stream = File.Create(Path.Combine(folder, "model.safetensors"));
        SafetensorsWriter.Write(
            stream,
            [
                Source("linear.weight", name, outputs, inputs),
                Source("linear.bias", $"{name}.bias", outputs),
                .. hasResiduals && inputs != outputs
                    ? [Source("residual.weight", $"{name}.residual", outputs, inputs)]
                    : Array.Empty<SafetensorsWriter.Source>(),
            ]);

        static SafetensorsWriter.Source Source(string tensor, string drawn, params long[] shape) => new(
            tensor,
            TensorDtype.Float32,
            shape,
            target => target.Write(MemoryMarshal.AsBytes(DrawnWeights.Draw(drawn, shape, 0.3f, 0).AsSpan())));
    }
}
