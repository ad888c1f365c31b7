using System.Text.Json;
using Stip.Onnx;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints;

/// <summary>A LoRA adapter merged while streaming equals a checkpoint that was merged by hand.</summary>
public sealed class AdapterTests(ExportedModels models) : IDisposable
{
    private const int Rank = 3;
    private const string Query = "model.layers.0.self_attn.q_proj";
    private const string Down = "model.layers.1.mlp.down_proj";

    private readonly TemporaryFolder _folder = new();
    private readonly string _base = KnownCheckpoints.Folder("tiny-llama2-7b");

    [Theory]
    [InlineData(false, 8.0 / Rank)]
    [InlineData(true, 4.618802153517006)]
    public async Task Export_WithAnAdapter_EqualsTheCheckpointMergedByHand(bool rsLora, double scale)
    {
        var factors = Write(new { peft_type = "LORA", r = Rank, lora_alpha = 8.0, use_rslora = rsLora }, Query, Down);
        var expected = await models.ExportAsync(MergedByHand(factors, scale), TensorDtype.Float32);

        var actual = await models.ExportAsync(_base, TensorDtype.Float32, adapters: [_folder.At("adapter")]);

        AssertNear(Weights(expected), Weights(actual));
        Assert.NotEqual(Weights(await models.FolderAsync("tiny-llama2-7b")), Weights(actual));
    }

    [Fact]
    public async Task Export_OfAnAdapterFolder_FindsTheBaseInsideIt()
    {
        Write(new { peft_type = "LORA", r = Rank, lora_alpha = 8.0, base_model_name_or_path = "base" }, Query);
        Directory.CreateDirectory(_folder.At("adapter", "base"));
        foreach (var file in Directory.EnumerateFiles(_base))
        {
            File.Copy(file, _folder.At("adapter", "base", Path.GetFileName(file)));
        }

        var alone = await models.ExportAsync(_folder.At("adapter"), TensorDtype.Float32, adapters: []);
        var onTop = await models.ExportAsync(_base, TensorDtype.Float32, adapters: [_folder.At("adapter")]);

        Assert.Equal(Weights(onTop), Weights(alone));
    }

    [Fact]
    public async Task Export_OfAnAdapterWhoseBaseLiesElsewhere_IsRefused()
    {
        string[] elsewhere = [_base, "../base", "linked"];
        Write(new { peft_type = "LORA", r = Rank }, Query);
        Directory.CreateSymbolicLink(_folder.At("base"), _base);
        Directory.CreateSymbolicLink(_folder.At("adapter", "linked"), _folder.At("base"));
        foreach (var named in elsewhere)
        {
            WriteConfig(new { peft_type = "LORA", r = Rank, base_model_name_or_path = named });

            var error = await Assert.ThrowsAsync<RefusedException>(
                () => models.ExportAsync(_folder.At("adapter"), TensorDtype.Float32, adapters: []));

            Assert.Contains("not a checkpoint inside this folder", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Export_WithAModuleSavedWhole_TakesItInsteadOfTheBase()
    {
        var head = Enumerable.Range(0, 160 * 64).Select(i => MathF.Sin(i)).ToArray();
        WriteAdapter(
            new { peft_type = "LORA", r = Rank, modules_to_save = new[] { "lm_head" } },
            new() { ["base_model.model.lm_head.weight"] = ([160, 64], head) });

        var folder = await models.ExportAsync(_base, TensorDtype.Float32, adapters: [_folder.At("adapter")]);

        // The head comes last in the data file, turned to [hidden, vocab].
        var weights = Weights(folder)[^head.Length..];
        Assert.Equal(head[64], weights[1]);
        Assert.Equal(head[1], weights[160]);
    }

    [Theory]
    [InlineData("""{"peft_type": "LORA", "r": 3, "use_dora": true}""", "use_dora")]
    [InlineData("""{"peft_type": "IA3", "r": 3}""", "IA3")]
    [InlineData("""{"peft_type": "LORA", "r": 5}""", "rank 3")]
    public async Task Export_WithAnAdapterOfAnotherKind_IsRefused(string config, string reason)
    {
        Write(JsonSerializer.Deserialize<JsonElement>(config), Query);

        var error = await Assert.ThrowsAsync<RefusedException>(
            () => models.ExportAsync(_base, TensorDtype.Float32, adapters: [_folder.At("adapter")]));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_WithAnAdapterForAnotherModel_IsRefused()
    {
        Write(new { peft_type = "LORA", r = Rank }, Query, "model.layers.7.self_attn.q_proj");

        var error = await Assert.ThrowsAsync<RefusedException>(
            () => models.ExportAsync(_base, TensorDtype.Float32, adapters: [_folder.At("adapter")]));

        Assert.Contains("model.layers.7.self_attn.q_proj.lora_A", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static float[] Weights(string folder)
    {
        var bytes = File.ReadAllBytes(Path.Combine(folder, "model.onnx.data"));
        var values = new float[bytes.Length / 4];
        Buffer.BlockCopy(bytes, 0, values, 0, values.Length * 4);
        return values;
    }

    // The hand merges in double; the stream in float32.
    private static void AssertNear(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
    }

    private static long[] ShapeOf(string module) => module == Down ? [64, 172] : [64, 64];

    private Dictionary<string, (float[] A, float[] B)> Write(object config, params string[] modules)
    {
        var random = new Random(5);
        var factors = modules.ToDictionary(module => module, module => (
            Values(Rank * ShapeOf(module)[1]), Values(ShapeOf(module)[0] * Rank)));
        WriteAdapter(config, factors.SelectMany(entry => new[]
        {
            ($"base_model.model.{entry.Key}.lora_A.weight",
                (new long[] { Rank, ShapeOf(entry.Key)[1] }, entry.Value.Item1)),
            ($"base_model.model.{entry.Key}.lora_B.weight",
                (new long[] { ShapeOf(entry.Key)[0], Rank }, entry.Value.Item2)),
        }).ToDictionary(entry => entry.Item1, entry => entry.Item2));
        return factors;

        float[] Values(long count) => [.. Enumerable.Range(0, (int)count).Select(_ => random.NextSingle() - 0.5f)];
    }

    private void WriteAdapter(object config, Dictionary<string, (long[] Shape, float[] Values)> tensors)
    {
        Directory.CreateDirectory(_folder.At("adapter"));
        WriteConfig(config);
        WriteTensors(_folder.At("adapter", "adapter_model.safetensors"), tensors);
    }

    private void WriteConfig(object config) => File.WriteAllBytes(
        _folder.At("adapter", "adapter_config.json"), JsonSerializer.SerializeToUtf8Bytes(config));

    private string MergedByHand(Dictionary<string, (float[] A, float[] B)> factors, double scale)
    {
        Directory.CreateDirectory(_folder.At("merged"));
        File.WriteAllBytes(
            _folder.At("merged", "config.json"), File.ReadAllBytes(Path.Combine(_base, "config.json")));
        using var file = SafetensorsFile.Open(Path.Combine(_base, "model.safetensors"));
        WriteTensors(_folder.At("merged", "model.safetensors"), file.Header.Entries.Values.ToDictionary(
            entry => entry.Name,
            entry =>
            {
                var values = new float[file.Bytes(entry.Name).Length / entry.Dtype.ByteSize()];
                TensorConversion.ToFloat32(entry.Dtype, file.Bytes(entry.Name), values);
                if (factors.TryGetValue(entry.Name.Replace(".weight", "", StringComparison.Ordinal), out var change))
                {
                    Merge(values, change.A, change.B, (int)entry.Shape[1], scale);
                }

                return (entry.Shape.ToArray(), values);
            }));
        return _folder.At("merged");
    }

    private static void Merge(float[] values, float[] a, float[] b, int inputs, double scale)
    {
        for (var cell = 0; cell < values.Length; cell++)
        {
            var (output, input) = Math.DivRem(cell, inputs);
            var change = 0.0;
            for (var rank = 0; rank < Rank; rank++)
            {
                change += (double)b[(output * Rank) + rank] * a[(rank * inputs) + input];
            }

            values[cell] = (float)(values[cell] + (change * scale));
        }
    }

    private static void WriteTensors(string path, Dictionary<string, (long[] Shape, float[] Values)> tensors)
    {
        using var stream = File.Create(path);
        SafetensorsWriter.Write(stream, [.. tensors.Select(tensor => SafetensorsWriter.Source.FromBytes(
            tensor.Key,
            TensorDtype.Float32,
            tensor.Value.Shape,
            System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(tensor.Value.Values).ToArray()))]);
    }
}
