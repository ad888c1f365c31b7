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
public abstract class ArchitectureGoldens(ExportedModels models) : IDisposable
{
    // Of outputs whose largest element is 1 to 20; float32 on the CPU stays far below the law's 1e-3.
    private const float LargestShare = 5e-6f;

    private static readonly string Data = RepositoryRoot.At("tests", "data", "architectures");
    private readonly TemporaryFolder _folder = new();

    private protected ExportedModels Models => models;

    private protected TemporaryFolder Folder => _folder;

    /// <summary>The recipes of some of the files, which other tests may take the rest of at the same time.</summary>
    protected static TheoryData<string, string> NamesWhere(Func<string, bool> isOf) =>
        [.. Directory.EnumerateFiles(Data, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order()
            .Where(isOf).SelectMany(group => Recipes(group).Select(recipe => (group, $"{recipe!["name"]}")))];

    /// <summary>Plain, and protected where the recipe says so.</summary>
    protected async Task AssertReferenceAsync(string group, string name)
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

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private string Protected(string exported)
    {
        var package = Directory.CreateDirectory(_folder.At("package")).FullName;
        PackageProtector.Protect(exported, package, new ProtectionOptions(), new SeededRandom(1));
        return package;
    }

    private protected static JsonArray Recipes(string group) =>
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
