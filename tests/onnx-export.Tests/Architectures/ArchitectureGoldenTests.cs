using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Onnx.Execution;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>
/// Small models of many architectures, plain and most of them protected, against references written in PyTorch from the
/// published descriptions. The weights are drawn from their names; a file of recipes says which tensors and which
/// config.json a model has.
/// </summary>
public sealed class ArchitectureGoldenTests(ExportedModels models) : IDisposable
{
    // Of outputs whose largest element is 1 to 20; float32 on the CPU stays far below the law's 1e-3.
    private const float LargestShare = 5e-6f;

    private static readonly string Data = RepositoryRoot.At("tests", "data", "architectures");
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Names => [.. Directory.EnumerateFiles(Data, "*.json").Order()
        .SelectMany(file => Recipes(Path.GetFileNameWithoutExtension(file))
            .Select(recipe => (Path.GetFileNameWithoutExtension(file), $"{recipe!["name"]}")))];

    /// <summary>Models without a head whose tensors all stand under one name.</summary>
    public static TheoryData<string, string> BareNames =>
        [.. new[] { "boxed", "encoders", "lately", "pictures", "readers", "texts", "towers", "vision", "voices" }
        .SelectMany(group => Recipes(group).Where(IsBare).Select(recipe => (group, $"{recipe!["name"]}")))];

    [Theory]
    [MemberData(nameof(BareNames))]
    public Task Export_OfNamesThatTheBareModelSaves_GivesTheSameGraph(string group, string name) =>
        AssertSameAsync(group, name, tensor => tensor[(tensor.IndexOf('.', StringComparison.Ordinal) + 1)..]);

    // Published files of BERT still have these.
    [Fact]
    public Task Export_OfNormsUnderTheirFirstNames_GivesTheSameGraph() => AssertSameAsync("encoders", "ernie", tensor =>
        tensor.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal)
            .Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal));

    private async Task AssertSameAsync(string group, string name, Func<string, string> renamed)
    {
        var recipe = Recipes(group).First(recipe => $"{recipe!["name"]}" == name)!;
        var (whole, bare) = (_folder.At("whole"), _folder.At("bare"));
        foreach (var (folder, rename) in new (string, Func<string, string>?)[] { (whole, null), (bare, renamed) })
        {
            Directory.CreateDirectory(folder);
            DrawnWeights.WriteCheckpoint(folder, recipe["config"]!, recipe["tensors"]!.AsObject(), rename);
        }

        var task = (string?)recipe["task"];
        var (expected, exported) = (
            await models.ExportAsync(whole, TensorDtype.Float32, task: task),
            await models.ExportAsync(bare, TensorDtype.Float32, task: task));

        Assert.All(Directory.GetFiles(expected, "*.onnx*"), file => Assert.Equal(
            File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(exported, Path.GetFileName(file)))));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Outputs_OfAnArchitecture_EqualTheReference(string group, string name)
    {
        var recipe = Recipes(group).First(recipe => $"{recipe!["name"]}" == name)!;
        using var golden = SafetensorsFile.Open(Path.Combine(Data, $"{group}.safetensors"));
        var inputs = recipe["inputs"]!.AsArray().ToDictionary(
            input => $"{input}", input => Tensor(golden, $"in.{input}"));
        var source = Directory.CreateDirectory(_folder.At("source")).FullName;
        DrawnWeights.WriteCheckpoint(source, recipe["config"]!, recipe["tensors"]!.AsObject());
        foreach (var (file, content) in recipe["files"]?.AsObject() ?? [])
        {
            File.WriteAllText(Path.Combine(source, file), content!.ToJsonString());
        }

        var exported = await models.ExportAsync(
            source, TensorDtype.Float32, tower: (string?)recipe["tower"], task: (string?)recipe["task"]);
        foreach (var folder in (bool)recipe["protects"]! ? [exported, Protected(exported)] : new[] { exported })
        {
            var outputs = WholeModel.Run(folder, inputs).ToDictionary(output => output.Name, output => output.Tensor);
            var expected = golden.Header.Entries.Keys.Where(key => key.Split('.')[0] == name).ToList();
            Assert.NotEmpty(expected);
            var mask = (bool?)recipe["judges_padding"] == true ? null : inputs.GetValueOrDefault("attention_mask");
            Assert.All(expected, key => Assert.InRange(
                Share(outputs[key[(name.Length + 1)..]], Tensor(golden, key), mask), 0, LargestShare));
        }
    }

    public void Dispose() => _folder.Dispose();

    private string Protected(string exported)
    {
        var package = Directory.CreateDirectory(_folder.At("package")).FullName;
        PackageProtector.Protect(exported, package, new ProtectionOptions(), new SeededRandom(1));
        return package;
    }

    private static bool IsBare(JsonNode? recipe) =>
        $"{recipe!["config"]!["architectures"]![0]}".EndsWith("Model", StringComparison.Ordinal)
        && recipe["tensors"]!.AsObject().Select(tensor => tensor.Key.Split('.')[0]).Distinct().Count() == 1;

    private static JsonArray Recipes(string group) =>
        JsonSerializer.Deserialize<JsonArray>(File.ReadAllBytes(Path.Combine(Data, $"{group}.json")))!;

    private static HostTensor Tensor(SafetensorsFile golden, string name)
    {
        var entry = golden.Header.Entries[name];
        return new HostTensor(entry.Dtype, entry.Shape, golden.Bytes(name).ToArray());
    }

    // Rows that are padding may be anything, unless the recipe says otherwise.
    private static float Share(HostTensor actual, HostTensor expected, HostTensor? mask)
    {
        var (left, right) = (actual.ToFloats(), expected.ToFloats());
        Assert.Equal(right.Length, left.Length);
        var counts = mask is not null && expected.Shape.Take(2).SequenceEqual(mask.Shape)
            ? mask.ToIntegers()
            : [1];
        var row = right.Length / counts.Length;
        var worst = 0f;
        for (var i = 0; i < right.Length; i++)
        {
            worst = counts[i / row] == 0 ? worst : MathF.Max(worst, MathF.Abs(left[i] - right[i]));
        }

        return worst / right.Max(MathF.Abs);
    }
}
