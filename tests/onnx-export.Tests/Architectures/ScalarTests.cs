using System.Text.Json.Nodes;
using Stip.Export.Checkpoints;
using Stip.Onnx.Protection;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>Random checkpoints of a family, exported, against its scalar model; and protected, against
/// itself.</summary>
public abstract class ScalarTests(ExportedModels models) : IDisposable
{
    private const long Seed = 7;
    // Logits of these small models stay around 1: a wrong scale shows from 2e-4 on.
    private const float LargestDifference = 1e-5f;
    private static readonly long[] Ids = [3, 50, 7, 7, 0, 21, 33, 8, 60, 1, 2];

    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Compares logits of one pass, and of one token at a time.</summary>
    /// <param name="basis">config.json.</param>
    /// <param name="options">What is changed in it.</param>
    /// <param name="scalar">The scalar model.</param>
    /// <param name="tokens">Length of the sequence.</param>
    /// <param name="stepwise">False where a model by its definition depends on how its tokens come.</param>
    internal async Task AssertEqualAsync(
        string basis,
        string options,
        Func<ScalarConfig, ITensorStore, IReadOnlyList<long>, float[]> scalar,
        int tokens = 11,
        bool stepwise = true)
    {
        var ids = Ids[..tokens];
        var config = WriteConfig(basis, options);
        using var checkpoint = Checkpoint.Open(_folder.Path, Seed);
        var expected = scalar(new ScalarConfig(config), checkpoint.Tensors, ids);
        var exported = await models.ExportAsync(_folder.Path, TensorDtype.Float32, Seed);
        using var model = new PlainModel(exported, ids.Length);

        var whole = model.Append(ids, allRows: true);
        model.Runner.Rewind(0);
        var steps = stepwise ? [.. ids.SelectMany(id => model.Append([id]))] : whole;

        Assert.InRange(expected.Max() - expected.Min(), 0.05f, 100);
        Assert.InRange(ReferenceTests.Largest(whole, expected), 0, LargestDifference);
        Assert.InRange(ReferenceTests.Largest(steps, expected), 0, LargestDifference);
    }

    /// <summary>Protects a random checkpoint: exact, and nothing but rotary rows stays in place.</summary>
    internal async Task AssertProtectsAsync(string basis, string options, params string[] pinned)
    {
        WriteConfig(basis, options);
        var exported = await models.ExportAsync(_folder.Path, TensorDtype.Float32, Seed);
        var package = Directory.CreateDirectory(_folder.At("package")).FullName;

        var result = PackageProtector.Protect(exported, package, new ProtectionOptions(), new SeededRandom(1));

        Assert.InRange(result.Verification!.MaxAbsDiff, 0, 1e-4);
        var report = Onnx.Symmetry.Reports.SymmetryInspector.Inspect(Path.Combine(exported, "model.onnx"));
        Assert.Empty(report.Unruled);
        Assert.All(report.Pinned, axis => Assert.Contains(
            pinned.Append("rotary."), name => axis.Initializer.Contains(name, StringComparison.Ordinal)));
    }

    private JsonObject WriteConfig(string basis, string options)
    {
        var config = JsonNode.Parse(basis)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(options)!.AsObject())
        {
            config[name] = value?.DeepClone();
        }

        File.WriteAllText(_folder.At("config.json"), config.ToJsonString());
        return config;
    }
}
