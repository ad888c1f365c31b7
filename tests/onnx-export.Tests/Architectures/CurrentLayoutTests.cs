using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>What transformers 5 writes otherwise than older versions: experts stacked, blocks under other names, one
/// section for what turns. The graph is the same, byte for byte.</summary>
public sealed partial class CurrentLayoutTests(ExportedModels models) : IDisposable
{
    private static readonly string Data = RepositoryRoot.At("tests", "data", "architectures");
    private readonly TemporaryFolder _folder = new();

    /// <summary>Models whose files say how they turn in the older way.</summary>
    public static TheoryData<string, string> TurningNames => [.. new[] { "decoders", "experts", "neighbours" }
        .SelectMany(group => Recipes(group).Where(recipe => recipe!["config"]!["rope_theta"] is not null)
            .Select(recipe => (group, $"{recipe!["name"]}")))];

    [Theory]
    [InlineData("experts", "afmoe")]
    [InlineData("experts", "deepseek_v2")]
    [InlineData("experts", "deepseek_v3")]
    [InlineData("experts", "dots1")]
    [InlineData("experts", "ernie4_5_moe", null, "mlp.moe_statics", "mlp.gate.moe_statics")]
    [InlineData("experts", "flex_olmo")]
    [InlineData("experts", "glm4_moe")]
    [InlineData("experts", "hunyuan_v1_moe")]
    [InlineData("experts", "minimax_m2")]
    [InlineData("experts", "minimax_m2", "MixtralForCausalLM")]
    [InlineData("experts", "phimoe", null, "mlp.gate", "mlp.router")]
    [InlineData("neighbours", "olmoe")]
    [InlineData("neighbours", "qwen2_moe")]
    [InlineData("neighbours", "qwen3_moe")]
    [InlineData("further", "axk1", null, "post_mlp_layernorm", "mlp.post_mlp_layernorm")]
    [InlineData("published", "exaone_moe", null, "mlp.e_score", "mlp.gate.e_score")]
    [InlineData("published", "hy_v3", null, "router.gate;expert_bias;shared_mlp",
        "gate;e_score_correction_bias;shared_experts")]
    public async Task Export_OfStackedExperts_GivesTheSameGraph(
        string group, string name, string? architecture = null, string older = "", string newer = "")
    {
        var recipe = Recipe(group, name);
        var config = recipe["config"]!.DeepClone();
        config["architectures"] = new JsonArray(architecture ?? $"{config["architectures"]![0]}");
        var tensors = recipe["tensors"]!.DeepClone().AsObject();
        foreach (var extra in tensors.Select(tensor => tensor.Key).Where(IsOfMiniMaxAlone).ToList())
        {
            tensors.Remove(architecture is null ? "" : extra);
        }

        DrawnWeights.WriteCheckpoint(Folder("apart"), config, tensors);
        WriteStacked(Folder("stacked"), config, tensors, older, newer);

        await AssertSameGraphAsync("apart", "stacked");
    }

    [Theory]
    [MemberData(nameof(TurningNames))]
    public async Task Export_OfOneSectionForWhatTurns_GivesTheSameGraph(string group, string name)
    {
        var recipe = Recipe(group, name);
        var (older, newer) = (recipe["config"]!, recipe["config"]!.DeepClone().AsObject());
        var rope = older["rope_scaling"]?.DeepClone().AsObject() ?? new JsonObject { ["rope_type"] = "default" };
        rope["rope_type"] = $"{rope["rope_type"] ?? rope["type"]}";
        foreach (var field in new[] { "rope_theta", "partial_rotary_factor" }.Where(field => older[field] is not null))
        {
            rope[field] = older[field]!.DeepClone();
        }

        foreach (var field in new[] { "rope_theta", "rope_scaling", "partial_rotary_factor" })
        {
            newer.Remove(field);
        }

        newer["rope_parameters"] = rope;
        await AssertSameGraphAsync(recipe, older, newer);
    }

    [Theory]
    [InlineData("decoders", "exaone4")]
    [InlineData("neighbours", "cohere2")]
    [InlineData("neighbours", "ministral")]
    [InlineData("neighbours", "olmo3")]
    public async Task Export_OfASectionForEachKindOfLayer_GivesTheSameGraph(string group, string name)
    {
        var recipe = Recipe(group, name);
        var (older, newer) = (recipe["config"]!, recipe["config"]!.DeepClone().AsObject());
        var plain = new JsonObject { ["rope_type"] = "default", ["rope_theta"] = older["rope_theta"]!.DeepClone() };
        var scaled = plain.DeepClone().AsObject();
        foreach (var (field, value) in older["rope_scaling"]?.AsObject() ?? [])
        {
            scaled[field] = value!.DeepClone();
        }

        newer.Remove("rope_theta");
        newer.Remove("rope_scaling");
        newer["rope_parameters"] = new JsonObject
        {
            ["full_attention"] = scaled,
            ["sliding_attention"] = name == "olmo3" ? plain : scaled.DeepClone(),
        };
        await AssertSameGraphAsync(recipe, older, newer);
    }

    [Theory]
    [InlineData("neighbours", "ernie4_5", 5e5)]
    [InlineData("neighbours", "helium", 1e5)]
    [InlineData("neighbours", "jais2", 5e5)]
    [InlineData("neighbours", "persimmon", 25e3)]
    [InlineData("neighbours", "smollm3", 2e6)]
    [InlineData("neighbours", "bitnet", 5e5)]
    [InlineData("experts", "ernie4_5_moe", 5e5)]
    [InlineData("experts", "flex_olmo", 5e5)]
    [InlineData("experts", "llama4", 5e5)]
    [InlineData("experts", "minimax_m2", 5e6)]
    [InlineData("experts", "phimoe", 1e6)]
    public async Task Export_OfAFileWithoutABase_TurnsAsTransformersDoes(string group, string name, double theta)
    {
        var recipe = Recipe(group, name);
        var (said, left) = (recipe["config"]!.DeepClone().AsObject(), recipe["config"]!.DeepClone().AsObject());
        said["rope_theta"] = theta;
        left.Remove("rope_theta");
        await AssertSameGraphAsync(recipe, said, left);
    }

    // SmolVLM's published file names a class that was never published.
    [Theory]
    [InlineData("smolvlm", "text_config", """{"architectures": ["VLlama3ForCausalLM"]}""")]
    [InlineData("smolvlm", "text_config", """{"tie_word_embeddings": false}""")]
    [InlineData("internvl-chat", "llm_config", """{"tie_word_embeddings": true}""")]
    public async Task Export_OfAPartWithOtherWordsOfItself_GivesTheSameGraph(string name, string part, string more)
    {
        var recipe = Recipe("neighbours", name);
        var (older, newer) = (recipe["config"]!, recipe["config"]!.DeepClone());
        foreach (var (field, value) in JsonNode.Parse(more)!.AsObject())
        {
            newer[part]![field] = value!.DeepClone();
        }

        await AssertSameGraphAsync(recipe, older, newer);
    }

    [Fact]
    public async Task Export_OfInternVlOverInternLm2_GivesTheGraphOfItsText()
    {
        var recipe = Recipe("neighbours", "internlm2");
        var (text, tensors) = (recipe["config"]!, recipe["tensors"]!.AsObject());
        var whole = new JsonObject
        {
            ["architectures"] = new JsonArray("InternVLChatModel"),
            ["model_type"] = "internvl_chat",
            ["llm_config"] = text.DeepClone(),
        };
        WriteStacked(Folder("text"), text, tensors, "", "");
        WriteStacked(
            Folder("whole"), whole, tensors, "model.;output.", "language_model.model.;language_model.output.");

        await AssertSameGraphAsync("text", "whole");
    }

    [Fact]
    public async Task Export_OfMptUnderItsPublishersName_GivesTheSameGraph()
    {
        var recipe = Recipe("neighbours", "mpt");
        var newer = recipe["config"]!.DeepClone();
        newer["architectures"] = new JsonArray("MPTForCausalLM");
        await AssertSameGraphAsync(recipe, recipe["config"]!, newer);
    }

    // The class that GTE's folders bring along calls itself that.
    [Fact]
    public async Task Export_OfGteThatWasSavedWithAHead_GivesTheSameGraph()
    {
        var recipe = Recipe("encoders", "gte");
        var tensors = recipe["tensors"]!.AsObject();
        WriteStacked(Folder("bare"), recipe["config"]!, tensors, "", "");
        WriteStacked(
            Folder("headed"), recipe["config"]!, tensors,
            "embeddings.word;embeddings.token;embeddings.Layer;encoder.layer",
            "new.embeddings.word;new.embeddings.token;new.embeddings.Layer;new.encoder.layer");

        await AssertSameGraphAsync("bare", "headed");
    }

    [Fact]
    public async Task Export_OfModernBertWithoutALocalBase_TakesTheGlobalOne()
    {
        var recipe = Recipe("encoders", "modernModel");
        var (older, newer) = (recipe["config"]!.DeepClone(), recipe["config"]!.DeepClone());
        (older["global_rope_theta"], newer["global_rope_theta"]) = (2e4, 2e4);
        (older["local_rope_theta"], newer["local_rope_theta"]) = (2e4, null);
        await AssertSameGraphAsync(recipe, older, newer);
    }

    // As in transformers: without a window whole heads turn in layers that see everything too.
    [Fact]
    public async Task Export_OfExaoneMoeWithoutAWindow_TurnsEveryLayer()
    {
        var recipe = Recipe("published", "exaone_moe");
        var (wide, none) = (recipe["config"]!.DeepClone(), recipe["config"]!.DeepClone());
        (wide["sliding_window"], none["sliding_window"]) = (64, null);
        foreach (var (config, type) in new[] { (wide, "sliding_attention"), (none, "full_attention") })
        {
            config["layer_types"] = new JsonArray(type, type, type);
        }

        await AssertSameGraphAsync(recipe, wide, none);
    }

    public void Dispose() => _folder.Dispose();

    // What Mixtral does not have of it.
    private static bool IsOfMiniMaxAlone(string tensor) =>
        tensor.Contains("_norm.", StringComparison.Ordinal) || tensor.EndsWith("bias", StringComparison.Ordinal);

    private static JsonArray Recipes(string group) =>
        JsonSerializer.Deserialize<JsonArray>(File.ReadAllBytes(Path.Combine(Data, $"{group}.json")))!;

    private static JsonNode Recipe(string group, string name) =>
        Recipes(group).First(recipe => $"{recipe!["name"]}" == name)!;

    // Gates above what they gate, expert after expert; the rest as it is, under the newer names.
    private static void WriteStacked(string folder, JsonNode config, JsonObject tensors, string older, string newer)
    {
        var parts = new SortedDictionary<string, List<float>>(StringComparer.Ordinal);
        var shapes = new Dictionary<string, long[]>();
        foreach (var (name, recipe) in tensors)
        {
            var (shape, values) = DrawnWeights.Draw(name, recipe!);
            var renamed = name.Replace(".block_sparse_moe.", ".mlp.", StringComparison.Ordinal);
            foreach (var (from, to) in older.Split(';').Zip(newer.Split(';')).Where(pair => pair.First.Length > 0))
            {
                renamed = renamed.Replace(from, to, StringComparison.Ordinal);
            }

            var isGate = false;
            if (Expert().Match(renamed) is { Success: true } expert)
            {
                var isDown = expert.Groups["part"].Value is "down_proj" or "w2";
                isGate = !isDown;
                renamed = $"{expert.Groups["block"].Value}.{(isDown ? "down_proj" : "gate_up_proj")}";
                shape = [1, shape[0], shape[1]];
            }

            if (!parts.TryGetValue(renamed, out var all))
            {
                (parts[renamed], shapes[renamed]) = ([.. values], isGate ? [1, 2 * shape[1], shape[2]] : shape);
                continue;
            }

            all.AddRange(values);
            shapes[renamed][0] = all.Count / (shapes[renamed][1] * shapes[renamed][2]);
        }

        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        using var stream = File.Create(Path.Combine(folder, "model.safetensors"));
        SafetensorsWriter.Write(stream, [.. parts.Select(part => new SafetensorsWriter.Source(
            part.Key,
            TensorDtype.Float32,
            shapes[part.Key],
            target => target.Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(part.Value)))))]);
    }

    [GeneratedRegex(@"^(?<block>.*\.experts)\.\d+\.(?<part>gate_proj|up_proj|down_proj|w1|w2|w3)\.weight$")]
    private static partial Regex Expert();

    private string Folder(string name) => Directory.CreateDirectory(_folder.At(name)).FullName;

    private Task AssertSameGraphAsync(JsonNode recipe, JsonNode older, JsonNode newer)
    {
        DrawnWeights.WriteCheckpoint(Folder("older"), older, recipe["tensors"]!.AsObject());
        DrawnWeights.WriteCheckpoint(Folder("newer"), newer, recipe["tensors"]!.AsObject());
        return AssertSameGraphAsync("older", "newer");
    }

    private async Task AssertSameGraphAsync(string first, string second)
    {
        var (expected, exported) = (
            await models.ExportAsync(_folder.At(first), TensorDtype.Float32),
            await models.ExportAsync(_folder.At(second), TensorDtype.Float32));
        Assert.All(Directory.GetFiles(expected, "model.onnx*"), file => Assert.Equal(
            File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(exported, Path.GetFileName(file)))));
    }
}
