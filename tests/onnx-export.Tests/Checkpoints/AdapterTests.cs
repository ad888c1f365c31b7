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
        var expected = await models.ExportAsync(MergedByHand(_base, factors, _ => scale), TensorDtype.Float32);

        var actual = await models.ExportAsync(_base, TensorDtype.Float32, adapters: [_folder.At("adapter")]);

        AssertNear(Weights(expected), Weights(actual));
        Assert.NotEqual(Weights(await models.FolderAsync("tiny-llama2-7b")), Weights(actual));
    }

    [Fact]
    public async Task Export_WithRanksAndScalesOfTheirOwn_TakesThoseOfTheModule()
    {
        var config = JsonSerializer.Deserialize<JsonElement>("""
            {
              "peft_type": "LORA", "r": 5, "lora_alpha": 9,
              "rank_pattern": {"q_proj": 3, "layers.1.mlp.down_proj": 3}, "alpha_pattern": {"self_attn.q_proj": 6}
            }
            """);
        var factors = Write(config, Query, Down);
        var expected = await models.ExportAsync(
            MergedByHand(_base, factors, module => module == Query ? 6.0 / Rank : 9.0 / Rank), TensorDtype.Float32);

        var actual = await models.ExportAsync(_base, TensorDtype.Float32, adapters: [_folder.At("adapter")]);

        AssertNear(Weights(expected), Weights(actual));
    }

    // GPT-2 stores matrices [in, out]; the factors are those of the product, [rank, in] and [out, rank].
    [Fact]
    public async Task Export_WithAnAdapterOfTurnedMatrices_EqualsTheCheckpointMergedByHand()
    {
        var gpt2 = KnownCheckpoints.Folder("tiny-gpt2-xl");
        const string Attention = "transformer.h.0.attn.c_attn";
        var config = new { peft_type = "LORA", r = Rank, lora_alpha = 6, fan_in_fan_out = true };
        var factors = Write(config, [.. ShapeOf(gpt2, Attention).Reverse()], Attention);
        var expected = await models.ExportAsync(
            MergedByHand(gpt2, factors, _ => 2, isTurned: true), TensorDtype.Float32);

        var actual = await models.ExportAsync(gpt2, TensorDtype.Float32, adapters: [_folder.At("adapter")]);

        AssertNear(Weights(expected), Weights(actual));
        Assert.NotEqual(Weights(await models.FolderAsync("tiny-gpt2-xl")), Weights(actual));
    }

    [Fact]
    public async Task Export_WithAnAdaptedEmbedding_EqualsTheCheckpointMergedByHand()
    {
        const string Table = "model.embed_tokens";
        var factors = Write(
            new { peft_type = "LORA", r = Rank, lora_alpha = 6 }, [.. ShapeOf(_base, Table).Reverse()], Table);
        var expected = await models.ExportAsync(
            MergedByHand(_base, factors, _ => 2, isTurned: true), TensorDtype.Float32);

        var actual = await models.ExportAsync(_base, TensorDtype.Float32, adapters: [_folder.At("adapter")]);

        AssertNear(Embedding(expected), Embedding(actual));
        Assert.NotEqual(Embedding(await models.FolderAsync("tiny-llama2-7b")), Embedding(actual));
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
    [InlineData("""{"peft_type": "LORA", "r": 3, "init_lora_weights": "pissa_niter_16"}""", "'pissa_niter_16'")]
    [InlineData("""{"peft_type": "LORA", "r": 3, "init_lora_weights": "olora"}""", "'olora'")]
    [InlineData("""{"peft_type": "LORA", "r": 3, "init_lora_weights": "loftq"}""", "'loftq'")]
    [InlineData("""{"peft_type": "LORA", "r": 3, "alora_invocation_tokens": [5]}""", "alora_invocation_tokens")]
    [InlineData("""{"peft_type": "LORA", "r": 3, "layer_replication": [[0, 1]]}""", "layer_replication")]
    [InlineData("""{"peft_type": "LORA", "r": 3, "use_qalora": true}""", "use_qalora")]
    [InlineData("""{"peft_type": "LORA", "r": 3, "rank_pattern": {"q_proj": 4}}""", "rank 3")]
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

    private static float[] Embedding(string folder)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, "embedding.safetensors"));
        return Floats(file, file.Header.Entries["token_embedding"]);
    }

    private static float[] Floats(SafetensorsFile file, SafetensorsEntry entry)
    {
        var values = new float[file.Bytes(entry.Name).Length / entry.Dtype.ByteSize()];
        TensorConversion.ToFloat32(entry.Dtype, file.Bytes(entry.Name), values);
        return values;
    }

    private static long[] ShapeOf(string module) => module == Down ? [64, 172] : [64, 64];

    private static long[] ShapeOf(string checkpoint, string module)
    {
        using var file = SafetensorsFile.Open(Path.Combine(checkpoint, "model.safetensors"));
        return [.. file.Header.Entries[$"{module}.weight"].Shape];
    }

    private Dictionary<string, (float[] A, float[] B)> Write(object config, params string[] modules) =>
        modules.Aggregate(
            new Dictionary<string, (float[] A, float[] B)>(),
            (all, module) => Write(config, ShapeOf(module), module, all));

    // The shape is that of the product, [out, in].
    private Dictionary<string, (float[] A, float[] B)> Write(
        object config, long[] shape, string module, Dictionary<string, (float[] A, float[] B)>? others = null)
    {
        var random = new Random(5 + (others?.Count ?? 0));
        var factors = new Dictionary<string, (float[] A, float[] B)>(others ?? [])
        {
            [module] = (Values(Rank * shape[1]), Values(shape[0] * Rank)),
        };
        WriteAdapter(config, factors.SelectMany(entry => new[]
        {
            (Factor(entry.Key, "A"), (new long[] { Rank, entry.Value.A.Length / Rank }, entry.Value.A)),
            (Factor(entry.Key, "B"), (new long[] { entry.Value.B.Length / Rank, Rank }, entry.Value.B)),
        }).ToDictionary(entry => entry.Item1, entry => entry.Item2));
        return factors;

        // Tables have parameters in place of layers.
        static string Factor(string module, string letter) => "base_model.model." + module
            + (module.EndsWith("embed_tokens", StringComparison.Ordinal)
                ? $".lora_embedding_{letter}"
                : $".lora_{letter}.weight");

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

    private string MergedByHand(
        string checkpoint,
        Dictionary<string, (float[] A, float[] B)> factors,
        Func<string, double> scale,
        bool isTurned = false)
    {
        Directory.CreateDirectory(_folder.At("merged"));
        File.WriteAllBytes(
            _folder.At("merged", "config.json"), File.ReadAllBytes(Path.Combine(checkpoint, "config.json")));
        using var file = SafetensorsFile.Open(Path.Combine(checkpoint, "model.safetensors"));
        WriteTensors(_folder.At("merged", "model.safetensors"), file.Header.Entries.Values.ToDictionary(
            entry => entry.Name,
            entry =>
            {
                var (values, module) = (
                    Floats(file, entry), entry.Name.Replace(".weight", "", StringComparison.Ordinal));
                if (factors.TryGetValue(module, out var change))
                {
                    Merge(values, change.A, change.B, (int)entry.Shape[1], scale(module), isTurned);
                }

                return (entry.Shape.ToArray(), values);
            }));
        return _folder.At("merged");
    }

    private static void Merge(float[] values, float[] a, float[] b, int columns, double scale, bool isTurned)
    {
        var inputs = a.Length / Rank;
        for (var cell = 0; cell < values.Length; cell++)
        {
            var (row, column) = Math.DivRem(cell, columns);
            var (output, input) = isTurned ? (column, row) : (row, column);
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
