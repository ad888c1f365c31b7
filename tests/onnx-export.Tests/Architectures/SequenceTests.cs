using System.Numerics.Tensors;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Protection.Cut;
using Stip.Protocol;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>An encoder and a decoder in files of their own, as other exporters leave them.</summary>
public sealed class SequenceTests(ExportedModels models) : IDisposable
{
    // Of logits whose largest is about 10; sums of float32 in another order.
    private const float LargestDifference = 2e-5f;

    private const int AnswerTokens = 8;

    private static readonly long[] Tokens = [0, 7, 3, 12, 5, 30];
    private readonly TemporaryFolder _folder = new();

    // More than config.json of the models without positions says.
    private static readonly long[] ManyTokens = [.. Enumerable.Range(0, 40).Select(i => (long)(7 * i % 37))];

    public static TheoryData<string> Names => [.. Recipes().Select(recipe => $"{recipe!["name"]}")];

    [Theory]
    [MemberData(nameof(Names))]
    public Task Logits_StepByStepWithCaches_EqualThoseOfOnePass(string name) =>
        AssertStepsAsync(name, Tokens, 2, 5);

    [Theory]
    [InlineData("t5")]
    [InlineData("umt5")]
    public Task Logits_BeyondThePositionsOfTheConfig_EqualThoseOfOnePass(string name) =>
        AssertStepsAsync(name, ManyTokens, 30, 39);

    [Fact]
    public async Task Run_WithoutTokensForTheDecoder_IsRefused()
    {
        var folder = await models.ExportAsync(Source("t5"), TensorDtype.Float32);

        var error = Assert.Throws<RefusedException>(
            () => WholeModel.Run(folder, Given(("input_ids", Ids(1, 2)))));

        Assert.Contains("needs decoder_input_ids", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Protect_OfASequenceModel_VerifiesAllThreeGraphs()
    {
        var folder = await models.ExportAsync(Source("marian"), TensorDtype.Float32);

        var made = PackageProtector.Protect(
            folder, _folder.At("package"), new ProtectionOptions("pair"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        Assert.Equal(
            ["decoder_model.onnx", "decoder_with_past_model.onnx", "encoder_model.onnx"],
            Directory.GetFiles(_folder.At("package", "cloud"), "*.onnx").Select(Path.GetFileName).Order());
        var cloud = JsonSerializer.Deserialize<PackageManifest>(
            File.ReadAllBytes(_folder.At("package", "cloud", PackageManifest.FileName)), StipJson.File)!;
        Assert.Equal(32, cloud.SourceLength);
        Assert.Equal(["inputs_embeds", "attention_mask"], cloud.Graphs["encoder"].Inputs.Select(port => port.Name));
        Assert.Equal(
            ["inputs_embeds", "encoder_attention_mask", "encoder_hidden_states"],
            cloud.Graphs["decoder"].Inputs.Select(port => port.Name));
        var cache = cloud.Graphs["decoder_with_past"].Cache!;
        Assert.Equal(
            [
                ("past_key_values.0.encoder.key", "present.0.encoder.key", "batch 3 length 8"),
                ("past_key_values.0.encoder.value", "present.0.encoder.value", "batch 3 length 8"),
            ],
            cache.Cross!.Take(2).Select(tensor => (tensor.Past, tensor.Present, string.Join(' ', tensor.Axes))));
        Assert.Equal(
            ["past_key_values.0.decoder.key", "past_key_values.0.decoder.value"],
            cache.Tensors!.Take(2).Select(tensor => tensor.Past));
    }

    // Token by token: one pass over all before it, steps with caches, and steps of the package.
    [Theory]
    [InlineData("t5")]
    [InlineData("mt5")]
    [InlineData("bart")]
    public async Task Tokens_OfAGreedyAnswer_AreTheSameWithCachesAndProtected(string name)
    {
        var folder = await models.ExportAsync(Source(name), TensorDtype.Float32);
        PackageProtector.Protect(folder, _folder.At("package"), new ProtectionOptions("pair"), new SeededRandom(3));
        var given = Given(("input_ids", Ids(1, 17, 33, 6)), ("attention_mask", Ids(1, 1, 1, 1)));

        var plain = new SequenceToSequence(folder, isPackage: false).Generate(given, AnswerTokens);
        var moved = new SequenceToSequence(_folder.At("package"), isPackage: true).Generate(given, AnswerTokens);

        Assert.Equal(plain.Ids, moved.Ids);
        Assert.Equal(WithoutCaches(folder, given), plain.Ids);
        Assert.InRange(
            ReferenceTests.Largest(moved.Logits, plain.Logits) / plain.Logits.Max(MathF.Abs), 0, LargestDifference);
    }

    public void Dispose() => _folder.Dispose();

    private static int[] WithoutCaches(string folder, Dictionary<string, HostTensor> given)
    {
        var states = Run(folder, "encoder_model.onnx", new(given))["last_hidden_state"];
        var ids = new List<long> { 0 };
        while (ids.Count <= AnswerTokens)
        {
            var logits = Run(folder, "decoder_model.onnx", Given(
                ("input_ids", Ids([.. ids])), ("encoder_hidden_states", states)))["logits"];
            var last = logits.ToFloats().AsSpan()[^(int)logits.Shape[2]..];
            ids.Add(last.IndexOf(TensorPrimitives.Max(last)));
        }

        return [.. ids.Skip(1).Select(id => (int)id)];
    }

    // Three steps, the second from one token on, the third from another.
    private async Task AssertStepsAsync(string name, long[] tokens, int second, int third)
    {
        var folder = await models.ExportAsync(Source(name), TensorDtype.Float32);
        var states = Run(
            folder,
            "encoder_model.onnx",
            Given(
                ("input_ids", Ids(9, 4, 21, 2)),
                ("input_features", Drawn(1, 6, 16)),
                ("pixel_values", Drawn(1, 3, 16, 16))))["last_hidden_state"];
        var whole = Run(
            folder, "decoder_model.onnx", Given(("input_ids", Ids(tokens)), ("encoder_hidden_states", states)));

        var step = Run(folder, "decoder_model.onnx", Given(
            ("input_ids", Ids(tokens[..second])), ("encoder_hidden_states", states)));
        var kept = step.Where(output => output.Key.StartsWith("present", StringComparison.Ordinal))
            .ToDictionary(output => Past(output.Key), output => output.Value);
        foreach (var next in new[] { tokens[second..third], tokens[third..] })
        {
            step = Run(folder, "decoder_with_past_model.onnx", Given([
                ("input_ids", Ids(next)), .. kept.Select(entry => (entry.Key, entry.Value))]));
            foreach (var (port, value) in step.Where(output => output.Key != "logits"))
            {
                kept[Past(port)] = value;
            }
        }

        var (expected, actual) = (whole["logits"].ToFloats(), step["logits"].ToFloats());
        var scale = expected.Max(MathF.Abs);
        Assert.InRange(
            ReferenceTests.Largest(actual, expected.AsSpan(expected.Length - actual.Length)) / scale,
            0,
            LargestDifference);
    }

    private static string Past(string port) => port.Replace("present", "past_key_values", StringComparison.Ordinal);

    private static HostTensor Drawn(params long[] shape) =>
        HostTensor.FromFloats(DrawnWeights.Draw("sound", shape, 1, 0), shape);

    private static HostTensor Ids(params long[] ids) => HostTensor.FromIntegers(ids, 1, ids.Length);

    private static Dictionary<string, HostTensor> Given(params (string Name, HostTensor Tensor)[] tensors) =>
        tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Tensor);

    private static IReadOnlyDictionary<string, HostTensor> Run(
        string folder, string file, Dictionary<string, HostTensor> inputs)
    {
        using var graph = new GraphRunner(Path.Combine(folder, file));
        inputs.TryAdd("attention_mask", Ids(1, 1, 1, 1));
        inputs.TryAdd("encoder_attention_mask", Ids(1, 1, 1, 1));
        return graph.Run(graph.Inputs.ToDictionary(port => port.Name, port => inputs[port.Name]));
    }

    private string Source(string name)
    {
        var source = Directory.CreateDirectory(_folder.At("source")).FullName;
        var recipe = Recipes().First(recipe => $"{recipe!["name"]}" == name)!;
        DrawnWeights.WriteCheckpoint(source, recipe["config"]!, recipe["tensors"]!.AsObject());
        return source;
    }

    // Those that read texts and sounds, and those that read pictures.
    private static IEnumerable<JsonNode?> Recipes() => new[] { "sequences", "captions" }.SelectMany(
        group => JsonSerializer.Deserialize<JsonArray>(File.ReadAllBytes(
            RepositoryRoot.At("tests", "data", "architectures", $"{group}.json")))!);
}
