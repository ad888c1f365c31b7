using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Export.Checkpoints;
using Stip.Export.Tests.Architectures;
using Stip.Onnx.Execution;
using Stip.Onnx.Running;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Gguf;

namespace Stip.Export.Tests.Checkpoints.Gguf;

/// <summary>
/// Small files of every family against the logits that llama.cpp gives for them (float32 cache, no flash attention).
/// The weights are drawn from the names of tensors; families.json says which tensors and metadata a file has.
/// </summary>
public sealed class GgufFamilyTests(ExportedModels models) : IDisposable
{
    private const float LargestShare = 2e-6f;
    private const int HeadDim = 16;

    // llama.cpp looks GELU up in a table of half-precision numbers.
    private const float LargestRoundedShare = 5e-4f;

    private static readonly string Data = RepositoryRoot.At("tests", "data", "gguf-families");
    private static readonly JsonArray Families =
        JsonSerializer.Deserialize<JsonArray>(File.ReadAllBytes(Path.Combine(Data, "families.json")))!;

    private static readonly JsonArray Encoders =
        JsonSerializer.Deserialize<JsonArray>(File.ReadAllBytes(Path.Combine(Data, "encoders.json")))!;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names => [.. Families.Select(family => $"{family!["name"]}")];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Logits_OfAFamily_EqualThoseOfLlamaCpp(string name)
    {
        var family = Families.First(family => $"{family!["name"]}" == name)!.AsObject();
        using var golden = SafetensorsFile.Open(Path.Combine(Data, "golden.safetensors"));
        var ids = MemoryMarshal.Cast<byte, long>(golden.Bytes("input_ids")).ToArray();
        var rows = MemoryMarshal.Cast<byte, long>(golden.Bytes("rows")).ToArray();
        var expected = MemoryMarshal.Cast<byte, float>(golden.Bytes(name)).ToArray();
        Write(family, _folder.At("a.gguf"));
        using var model = new PlainModel(
            await models.ExportAsync(_folder.At("a.gguf"), TensorDtype.Float32), ids.Length);

        var all = model.Append(ids, allRows: true).Chunk(expected.Length / rows.Length).ToList();

        float[] logits = [.. rows.SelectMany(row => all[(int)row])];
        var largest = expected.Max(MathF.Abs);
        var allowed = (bool)family["rounds"]! ? LargestRoundedShare : LargestShare;
        Assert.InRange(ReferenceTests.Largest(logits, expected) / largest, 0, allowed);
    }

    [Theory]
    [InlineData("nomic-bert-moe")]
    [InlineData("jina-bert-v3")]
    public async Task Rows_OfAnEncoder_EqualThoseOfLlamaCpp(string name)
    {
        var family = Encoders.First(family => $"{family!["name"]}" == name)!.AsObject();
        using var golden = SafetensorsFile.Open(Path.Combine(Data, "golden.safetensors"));
        var ids = MemoryMarshal.Cast<byte, long>(golden.Bytes("input_ids")).ToArray();
        var rows = MemoryMarshal.Cast<byte, long>(golden.Bytes("rows")).ToArray();
        var expected = MemoryMarshal.Cast<byte, float>(golden.Bytes(name)).ToArray();
        Write(family, _folder.At("a.gguf"));
        var exported = await models.ExportAsync(_folder.At("a.gguf"), TensorDtype.Float32);

        var given = WholeModel.Run(exported, new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers(ids, 1, ids.Length),
            ["attention_mask"] = HostTensor.FromIntegers([.. ids.Select(_ => 1L)], 1, ids.Length),
            ["token_type_ids"] = HostTensor.FromIntegers(new long[ids.Length], 1, ids.Length),
        }).Single(output => output.Name == "last_hidden_state").Tensor.ToFloats();

        var width = given.Length / ids.Length;
        float[] actual = [.. rows.SelectMany(row => given[((int)row * width)..(((int)row + 1) * width)])];
        Assert.InRange(ReferenceTests.Largest(actual, expected) / expected.Max(MathF.Abs), 0, LargestRoundedShare);
    }

    [Fact]
    public async Task Export_OfAFileWithMoreThanItsFamilyHas_IsRefusedByName()
    {
        var family = Families.First(family => $"{family!["name"]}" == "llama")!.AsObject();
        Write(family, _folder.At("a.gguf"), "blk.0.attn_sinks.weight");

        var refused = await Assert.ThrowsAsync<Onnx.RefusedException>(
            () => models.ExportAsync(_folder.At("a.gguf"), TensorDtype.Float32));

        Assert.Contains("have no place in a 'llama' model", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'blk.0.attn_sinks.weight'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Config_OfJais_SaysHowFarScoresFall()
    {
        var family = Families.First(family => $"{family!["name"]}" == "jais")!.DeepClone().AsObject();
        family["metadata"]!["attention.max_alibi_bias"] = JsonNode.Parse("4.0");
        Write(family, _folder.At("a.gguf"));

        using var checkpoint = Checkpoint.Open(_folder.At("a.gguf"), null);

        Assert.Equal(4, checkpoint.Config.Positive("alibi_bias_max", 8));
    }

    [Fact]
    public void Open_OfAFileThatClaimsEndlessLayers_IsRefusedBeforeTheyAreListed()
    {
        var family = Families.First(family => $"{family!["name"]}" == "openelm")!.DeepClone().AsObject();
        var metadata = family["metadata"]!;
        (metadata["block_count"], metadata["attention.head_count"], metadata["attention.head_count_kv"]) =
            (1_000_000, 4, 2);
        Write(family, _folder.At("a.gguf"));

        var refused = Assert.Throws<Onnx.RefusedException>(() => Checkpoint.Open(_folder.At("a.gguf"), null));

        Assert.Contains(
            "openelm.block_count is 1000000; it must be 1..4096", refused.Message, StringComparison.Ordinal);
    }

    // Converters of Ministral 3 write mscale_all_dim there: with an mscale of 1 nothing is left of yarn's factor.
    [Theory]
    [InlineData("0.1")]
    [InlineData("0.0")] // queries that do not grow
    public async Task Logits_OfMistral3WithAFactorOnAllScores_EqualThoseWithoutAny(string growth)
    {
        var family = Copy("mistral3-grows");
        family["metadata"]!["attention.temperature_scale"] = JsonNode.Parse(growth);
        var (ofKey, ofFactor) = (family.DeepClone().AsObject(), family.DeepClone().AsObject());
        ofKey["metadata"]!["rope.scaling.yarn_log_multiplier"] = JsonNode.Parse("1.0");

        // Another factor, on top of yarn's for four times the context: 1 / (0.1 ln 4 + 1).
        ofFactor["metadata"]!["rope.scaling.attn_factor"] = JsonNode.Parse("0.8782488");

        var actual = await LogitsAsync(ofKey, "a.gguf");

        var expected = await LogitsAsync(ofFactor, "b.gguf");
        Assert.InRange(ReferenceTests.Largest(actual, expected) / expected.Max(MathF.Abs), 0, LargestShare);
        Assert.NotEqual(await LogitsAsync(family, "c.gguf"), actual);
    }

    [Fact]
    public async Task Logits_OfMistral3WithTwoFactors_AreThoseOfTheirProduct()
    {
        var (both, product) = (Copy("mistral3-grows"), Copy("mistral3-grows"));
        both["metadata"]!["rope.scaling.yarn_log_multiplier"] = JsonNode.Parse("1.0");
        both["metadata"]!["rope.scaling.attn_factor"] = JsonNode.Parse("1.25");

        // 1.25 / (0.1 ln 4 + 1), on top of yarn's own for four times the context.
        product["metadata"]!["rope.scaling.attn_factor"] = JsonNode.Parse("1.097811");

        var actual = await LogitsAsync(both, "a.gguf");

        var expected = await LogitsAsync(product, "b.gguf");
        Assert.InRange(ReferenceTests.Largest(actual, expected) / expected.Max(MathF.Abs), 0, LargestShare);
    }

    [Fact]
    public async Task Logits_OfAGlm4ThatAlsoSees_EqualThoseOfOneWhosePairsAreNeighbours()
    {
        const int turned = 8;
        var plain = Copy("glm4");
        var sees = Copy("glm4");
        sees["metadata"]!["rope.dimension_sections"] = JsonNode.Parse("[2, 1, 1, 0]");

        // What the converter does where a model sees: even channels of those that turn, then odd ones, then the rest.
        long Source(long row) => row % HeadDim >= turned ? row
            : row - (row % HeadDim) + (2 * (row % HeadDim % (turned / 2))) + (row % HeadDim / (turned / 2));

        var expected = await LogitsAsync(plain, "a.gguf");
        var actual = await LogitsAsync(sees, "b.gguf", Source);

        Assert.InRange(ReferenceTests.Largest(actual, expected) / expected.Max(MathF.Abs), 0, LargestShare);
    }

    // Files of before the keys were written.
    [Fact]
    public async Task Logits_OfGemma2WithoutItsCaps_EqualThoseWithThem()
    {
        var (old, since) = (Copy("gemma2"), Copy("gemma2"));
        old["metadata"]!.AsObject().Remove("attn_logit_softcapping");
        old["metadata"]!.AsObject().Remove("final_logit_softcapping");

        Assert.Equal(await LogitsAsync(since, "a.gguf"), await LogitsAsync(old, "b.gguf"));
    }

    // Mistral Large 3: queries from the eighth position on are larger.
    [Theory]
    [InlineData("deepseek2-yarn", null)]
    [InlineData("deepseek2-sigmoid", "8")]
    public async Task Logits_OfADeepSeekWhoseQueriesGrow_DifferFromTheFirstStepOn(string name, string? length)
    {
        var (plain, grows) = (Copy(name), Copy(name));
        grows["metadata"]!["attention.temperature_scale"] = JsonNode.Parse("0.5");
        if (length is not null)
        {
            grows["metadata"]!["attention.temperature_length"] = JsonNode.Parse(length);
        }

        var (expected, actual) = (await LogitsAsync(plain, "a.gguf"), await LogitsAsync(grows, "b.gguf"));

        var width = expected.Length / 12;
        Assert.Equal(expected[..(8 * width)], actual[..(8 * width)]);
        Assert.All(Enumerable.Range(8, 4), row => Assert.NotEqual(
            expected[(row * width)..((row + 1) * width)], actual[(row * width)..((row + 1) * width)]));
    }

    [Theory]
    [InlineData("granite")]
    [InlineData("granitemoe")]
    public void Open_OfAGraniteThatDoesNotTurn_IsRefused(string name)
    {
        var family = Copy(name);
        family["metadata"]!["rope.scaling.finetuned"] = false;
        Write(family, _folder.At("a.gguf"));

        var refused = Assert.Throws<Onnx.RefusedException>(() => Checkpoint.Open(_folder.At("a.gguf"), null));

        Assert.Contains("rope.scaling.finetuned is false", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    internal static JsonObject Copy(string name) =>
        Families.First(family => $"{family!["name"]}" == name)!.DeepClone().AsObject();

    private async Task<float[]> LogitsAsync(JsonObject family, string file, Func<long, long>? order = null)
    {
        Write(family, _folder.At(file), order);
        long[] ids = [3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 8, 58];
        using var model = new PlainModel(
            await models.ExportAsync(_folder.At(file), TensorDtype.Float32), ids.Length);
        return [.. model.Append(ids, allRows: true)];
    }

    internal static void Write(JsonObject family, string path, params string[] others) =>
        Write(family, path, null, others);

    private static void Write(JsonObject family, string path, Func<long, long>? order, params string[] others)
    {
        var architecture = $"{family["architecture"]}";
        var writer = new GgufWriter().Add("general.architecture", architecture).Add("tokenizer.ggml.model", "none");
        foreach (var (key, value) in family["metadata"]!.AsObject())
        {
            // A key that starts with a stroke has no prefix.
            writer.Add(key[0] == '/' ? key[1..] : $"{architecture}.{key}", Value(value!));
        }

        foreach (var (name, recipe) in family["tensors"]!.AsObject())
        {
            Add(writer, name, recipe!, name.Split('.') is ["blk", _, "attn_q" or "attn_k", _] ? order : null);
        }

        foreach (var name in others)
        {
            Add(writer, name, JsonNode.Parse("[1,0,4]")!);
        }

        writer.Save(path);
    }

    private static object Value(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.String => $"{value}",
        JsonValueKind.True or JsonValueKind.False => (object)(bool)value,
        JsonValueKind.Array when value.AsArray().All(item => Value(item!) is int) =>
            value.AsArray().Select(item => (int)item!).ToArray(),
        JsonValueKind.Array when value.AsArray().All(item => Value(item!) is bool) =>
            value.AsArray().Select(item => (bool)item!).ToArray(),
        JsonValueKind.Array => value.AsArray().Select(item => (float)item!).ToArray(),
        _ when value.ToJsonString().AsSpan().ContainsAny('.', 'e') => (float)value,
        _ => (int)value,
    };

    private static void Add(GgufWriter writer, string name, JsonNode recipe, Func<long, long>? order = null)
    {
        var (shape, drawn) = DrawnWeights.Draw(name, recipe);
        var width = drawn.Length / (int)shape[0];
        float[] values = order is null ? drawn : [.. Enumerable.Range(0, (int)shape[0])
            .SelectMany(row => drawn.Skip((int)order(row) * width).Take(width))];
        writer.AddTensor(
            name, GgufType.Named("F32"), shape, stream => stream.Write(MemoryMarshal.AsBytes(values.AsSpan())));
    }
}
