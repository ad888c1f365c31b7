using System.Text.Json.Nodes;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using static Stip.Export.Tests.Architectures.ScalarBlocks;

namespace Stip.Export.Tests.Architectures;

/// <summary>Random ELECTRA and MPNet, exported and protected, against their scalar models.</summary>
public sealed class EncoderScalarTests(ExportedModels models) : IDisposable
{
    private const long Seed = 7;
    // Outputs of these small models stay around 1.
    private const float LargestDifference = 1e-5f;

    private const string Basis = """
        "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 3,
        "vocab_size": 61, "max_position_embeddings": 160, "hidden_act": "gelu"
        """;

    private static readonly long[] Ids = [.. Enumerable.Range(0, 140).Select(i => (i * i) % 61L)];
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("ElectraModel", 16)]
    [InlineData("ElectraForMaskedLM", 16)]
    [InlineData("ElectraForSequenceClassification", 24)]
    public Task Electra_EqualsItsScalarModel(string architecture, int width) => AssertEqualAsync(
        architecture, $$"""{"embedding_size": {{width}}}""", (config, tensors) =>
        {
            string[] layer =
            [
                "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
                "attention.output.LayerNorm",
            ];
            var encoder = new ScalarEncoder(config, tensors, "electra", layer) { Width = width };
            var rows = encoder.Rows(Ids);
            return architecture switch
            {
                "ElectraForMaskedLM" => Words(
                    encoder, rows, config, "electra", "generator_predictions.dense",
                    "generator_predictions.LayerNorm", "generator_lm_head.bias"),
                "ElectraForSequenceClassification" => Classes(encoder, rows, ScalarFunctions.Gelu),
                _ => [.. rows.SelectMany(row => row)],
            };
        });

    [Theory]
    [InlineData("MPNetModel")]
    [InlineData("MPNetForMaskedLM")]
    [InlineData("MPNetForSequenceClassification")]
    public Task Mpnet_EqualsItsScalarModel(string architecture) => AssertEqualAsync(
        architecture, """{"pad_token_id": 0}""", (config, tensors) =>
        {
            string[] layer =
            [
                "attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o", "attention.LayerNorm",
            ];
            var encoder = new ScalarEncoder(config, tensors, "mpnet", layer)
            {
                FirstPosition = 2,
                HasTypes = false,
                Bias = (blocks, head, distance) => blocks.Read(
                    "mpnet.encoder.relative_attention_bias.weight", 32, 3)[(Bucket(distance) * 3) + head],
            };
            var rows = encoder.Rows(Ids);
            return architecture switch
            {
                "MPNetForMaskedLM" => Words(
                    encoder, rows, config, "mpnet", "lm_head.dense", "lm_head.layer_norm", "lm_head.bias"),
                "MPNetForSequenceClassification" => Classes(encoder, rows, Math.Tanh),
                _ => [.. rows.SelectMany(row => row)],
            };
        });

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-7, 7)]
    [InlineData(7, 23)]
    [InlineData(-8, 8)]
    [InlineData(-16, 10)]
    [InlineData(32, 28)]
    [InlineData(-127, 15)]
    [InlineData(500, 31)]
    public void BucketOf_ADistance_GrowsWiderFarAway(int distance, int bucket) =>
        Assert.Equal(bucket, new DistanceBias(32, 1).BucketOf(distance));

    public void Dispose() => _folder.Dispose();

    // By the widths of the buckets: 1 up to distance 7, then up to 8·16^(k/8).
    private static int Bucket(int distance)
    {
        var away = Math.Abs(distance);
        var place = away < 8 ? away : Enumerable.Range(8, 8).Last(k => away >= 8 * Math.Pow(16, (k - 8) / 8.0) - 1e-9);
        return (distance > 0 ? 16 : 0) + place;
    }

    private static double[] Words(
        ScalarEncoder encoder, List<double[]> rows, ScalarConfig config, string root, string dense, string norm,
        string bias)
    {
        var table = encoder.Blocks.Read($"{root}.embeddings.word_embeddings.weight", config.Vocab, encoder.Width);
        var added = encoder.Blocks.Read(bias, config.Vocab);
        return [.. rows.SelectMany(row =>
        {
            var inner = encoder.Blocks.Linear(row, dense, encoder.Width, hasBias: true).Select(ScalarFunctions.Gelu);
            return Multiply(
                encoder.Blocks.LayerNorm([.. inner], norm, 1e-12), table, 0, config.Vocab, added);
        })];
    }

    private static double[] Classes(ScalarEncoder encoder, List<double[]> rows, Func<double, double> function)
    {
        var inner = encoder.Blocks.Linear(rows[0], "classifier.dense", rows[0].Length, hasBias: true).Select(function);
        return encoder.Blocks.Linear([.. inner], "classifier.out_proj", 3, hasBias: true);
    }

    private async Task AssertEqualAsync(
        string architecture, string options, Func<ScalarConfig, ITensorStore, double[]> scalar)
    {
        var config = JsonNode.Parse($$"""{"architectures": ["{{architecture}}"], {{Basis}}}""")!.AsObject();
        config["id2label"] = JsonNode.Parse("""{"0": "a", "1": "b", "2": "c"}""");
        foreach (var (name, value) in JsonNode.Parse(options)!.AsObject())
        {
            config[name] = value?.DeepClone();
        }

        File.WriteAllText(_folder.At("config.json"), config.ToJsonString());
        using var checkpoint = Checkpoint.Open(_folder.Path, Seed);
        var expected = scalar(new ScalarConfig(config), checkpoint.Tensors).Select(value => (float)value).ToArray();
        var exported = await models.ExportAsync(_folder.Path, TensorDtype.Float32, Seed);
        var package = Directory.CreateDirectory(_folder.At("package")).FullName;
        PackageProtector.Protect(exported, package, new ProtectionOptions(), new SeededRandom(1));

        Assert.InRange(expected.Max() - expected.Min(), 0.05f, 100);
        foreach (var folder in new[] { exported, package })
        {
            var inputs = new Dictionary<string, HostTensor>
            {
                ["input_ids"] = HostTensor.FromIntegers(Ids, 1, Ids.Length),
                ["attention_mask"] = HostTensor.FromIntegers([.. Ids.Select(_ => 1L)], 1, Ids.Length),
            };
            var made = WholeModel.Run(folder, inputs)[0].Tensor.ToFloats();
            Assert.InRange(ReferenceTests.Largest(made, expected), 0, LargestDifference);
        }
    }
}
