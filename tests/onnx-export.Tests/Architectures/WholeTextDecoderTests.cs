using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Export.Architectures;
using Stip.Onnx.Execution;
using Stip.Onnx.Running;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Decoders without a language head: their rows times the head are the reference's logits, and what labels
/// texts or tokens are their rows times the labels.</summary>
public sealed class WholeTextDecoderTests(ExportedModels models) : IDisposable
{
    // Of outputs whose largest element is 1 to 20; as for the decoders themselves.
    private const float LargestShare = 5e-6f;
    private const int Labels = 3;

    private static readonly string Data = RepositoryRoot.At("tests", "data", "architectures");
    private static readonly string[] Groups = ["decoders", "experts", "further", "neighbours", "published"];
    private static readonly string[] Heads = ["lm_head.weight", "embed_out.weight", "output_projection.weight"];
    private static readonly string[] Tables =
        ["embed_tokens.weight", "wte.weight", "word_embeddings.weight", "embed_in.weight"];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Decoders => [.. Groups.SelectMany(group => Recipes(group)
        .Where(recipe => Supported($"{Stem(recipe!)}Model") && recipe!["config"]!["word_embed_proj_dim"] is null)
        .Select(recipe => (group, $"{recipe!["name"]}")))];

    [Theory]
    [MemberData(nameof(Decoders))]
    public async Task Rows_OfADecoderWithoutAHead_TimesTheHeadAreItsLogits(string group, string name)
    {
        var recipe = Recipes(group).First(recipe => $"{recipe!["name"]}" == name)!;
        var tensors = recipe["tensors"]!.AsObject();
        using var golden = SafetensorsFile.Open(Path.Combine(Data, $"{group}.safetensors"));
        var inputs = recipe["inputs"]!.AsArray().ToDictionary(
            input => $"{input}", input => Tensor(golden, $"in.{input}"));
        var table = tensors.First(tensor => Tables.Any(tensor.Key.EndsWith));
        var root = table.Key.Split('.')[0] + ".";

        var rows = await RunAsync(
            "bare", recipe, $"{Stem(recipe)}Model", inputs, tensor => tensor.StartsWith(root, StringComparison.Ordinal)
                ? tensor[root.Length..]
                : tensor);
        var head = tensors.FirstOrDefault(tensor => Heads.Contains(tensor.Key), table);
        var logits = Times(rows, head, Bias(tensors, head.Key), Factor(recipe["config"]!));
        Assert.InRange(Share(logits, Tensor(golden, $"{name}.logits").ToFloats()), 0, LargestShare);

        var stem = Stem(recipe);
        var width = rows.Shape[^1];
        var score = new KeyValuePair<string, JsonNode?>("score.weight", new JsonArray(0.5, 0.0, Labels, width));
        tensors.Add(score.Key, score.Value);
        recipe["config"]!["id2label"] = new JsonObject(Enumerable.Range(0, Labels).Select(
            label => KeyValuePair.Create($"{label}", (JsonNode?)$"label {label}")));
        if (Supported($"{stem}ForSequenceClassification"))
        {
            var labels = await RunAsync(
                "labels", recipe, $"{stem}ForSequenceClassification", inputs, tensor => tensor);
            var count = (int)rows.Shape[^2];
            Assert.InRange(
                Share(labels.ToFloats(), [.. Times(rows, score, null, 1).Chunk(count * Labels)
                    .SelectMany(text => text[^Labels..])]),
                0,
                LargestShare);
        }

        if (Supported($"{stem}ForTokenClassification"))
        {
            var bias = new KeyValuePair<string, JsonNode?>("score.bias", new JsonArray(0.4, 0.0, Labels));
            tensors.Add(bias.Key, bias.Value);
            var labels = await RunAsync("tokens", recipe, $"{stem}ForTokenClassification", inputs, tensor => tensor);
            Assert.InRange(Share(labels.ToFloats(), Times(rows, score, bias, 1)), 0, LargestShare);
        }
    }

    public void Dispose() => _folder.Dispose();

    private async Task<HostTensor> RunAsync(
        string folder,
        JsonNode recipe,
        string architecture,
        IReadOnlyDictionary<string, HostTensor> inputs,
        Func<string, string> rename)
    {
        var source = Directory.CreateDirectory(_folder.At(folder)).FullName;
        recipe["config"]!["architectures"] = new JsonArray(architecture);
        var kept = new JsonObject(recipe["tensors"]!.AsObject()
            .Where(tensor => !Heads.Contains(tensor.Key) && tensor.Key != "lm_head.bias")
            .Select(tensor => KeyValuePair.Create(tensor.Key, tensor.Value?.DeepClone())));
        DrawnWeights.WriteCheckpoint(source, recipe["config"]!, kept, rename);
        var exported = await models.ExportAsync(source, TensorDtype.Float32);
        return WholeModel.Run(exported, inputs).First(
            output => output.Name is "last_hidden_state" or "logits").Tensor;
    }

    // [rows, width] times [outputs, width].
    private static float[] Times(
        HostTensor rows, KeyValuePair<string, JsonNode?> matrix, KeyValuePair<string, JsonNode?>? bias, double factor)
    {
        var (shape, weights) = DrawnWeights.Draw(matrix.Key, matrix.Value!);
        var added = bias is { } known ? DrawnWeights.Draw(known.Key, known.Value!).Values : new float[shape[0]];
        var width = (int)shape[1];
        return [.. rows.ToFloats().Chunk(width).SelectMany(row => weights.Chunk(width).Select((weight, output) =>
            (float)((row.Zip(weight, (left, right) => (double)left * right).Sum() * factor) + added[output])))];
    }

    private static KeyValuePair<string, JsonNode?>? Bias(JsonObject tensors, string head) =>
        tensors.TryGetPropertyValue(head.Replace("weight", "bias", StringComparison.Ordinal), out var bias)
            ? KeyValuePair.Create(head.Replace("weight", "bias", StringComparison.Ordinal), bias)
            : null;

    private static double Factor(JsonNode config) => $"{config["architectures"]![0]}" is var name
        && name.StartsWith("Cohere", StringComparison.Ordinal) ? (double?)config["logit_scale"] ?? 0.0625
        : 1 / ((double?)config["logits_scaling"] ?? 1);

    private static string Stem(JsonNode recipe) => $"{recipe["config"]!["architectures"]![0]}"
        .Replace("ForCausalLM", "", StringComparison.Ordinal).Replace("LMHeadModel", "", StringComparison.Ordinal);

    private static bool Supported(string architecture) =>
        WholeTextDecoders.All.Any(family => family.Name == architecture);

    private static JsonArray Recipes(string group) =>
        JsonSerializer.Deserialize<JsonArray>(File.ReadAllBytes(Path.Combine(Data, $"{group}.json")))!;

    private static HostTensor Tensor(SafetensorsFile golden, string name)
    {
        var entry = golden.Header.Entries[name];
        return new HostTensor(entry.Dtype, entry.Shape, golden.Bytes(name).ToArray());
    }

    private static float Share(float[] actual, float[] expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        return actual.Zip(expected, (left, right) => MathF.Abs(left - right)).Max() / expected.Max(MathF.Abs);
    }
}
