using System.Diagnostics;
using Stip.Onnx.Execution;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Fixtures;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Fixtures;

/// <summary>
/// Every graph and every checkpoint of the folder that STIP_FIXTURES names, through the whole of <c>protect</c>: cut,
/// package, verification; then the package with its client's side against the golden outputs. STIP_TABLE names a file
/// that gets the outcome as a page, STIP_ONLY picks by name.
/// </summary>
public sealed class FixtureTableTests(ExportedModels models, FixtureTable table)
    : IClassFixture<FixtureTable>, IDisposable
{
    private const double LeastMoved = 0.95;
    private static readonly string? Root = FetchedFixtures.Folder;

    // Taps of kernels and rows of positions stay in their order, and are much of so small a model.
    private static readonly Dictionary<string, double> LessMoves = new()
    {
        ["optimum/convnext"] = 0.88,
        ["optimum/wav2vec2"] = 0.92,
        ["optimum/whisper_encoder"] = 0.91,
    };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Graphs { get; } =
        [.. Root is null ? ["none"] : FixtureGraph.Names(Root).Where(Wanted)];

    public static TheoryData<string> Checkpoints { get; } =
        [.. Root is null ? ["none"] : FixtureCheckpoint.Names(Root).Where(Wanted)];

    [Theory]
    [MemberData(nameof(Graphs))]
    public void Package_OfAGraph_GivesItsGoldenOutputs(string name)
    {
        Assert.SkipWhen(Root is null, FetchedFixtures.Missing);
        var fixture = new FixtureGraph(Root!, name);
        var row = Protect(name, fixture.FilePath, _ => fixture.FilePath);
        foreach (var (inputs, outputs) in fixture.Cases())
        {
            row = Compared(
                row,
                fixture.FilePath,
                inputs,
                outputs.Where(output => output.Value.Dtype.IsWireFloat())
                    .ToDictionary(output => output.Key, output => output.Value.ToFloats()),
                (output, _, given) => given[output].ToFloats());
        }

        table.Add(row);
        Judge(row, Tolerance(fixture));
    }

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public async Task Package_OfACheckpoint_GivesItsGoldenOutputs(string name)
    {
        Assert.SkipWhen(Root is null, FetchedFixtures.Missing);
        var fixture = new FixtureCheckpoint(Root!, name);
        var folder = await models.ExportAsync(fixture.Source, TensorDtype.Float32, keepsBlocks: true);
        var row = Protect($"checkpoints/{name}", folder, file => Path.Combine(folder, file));
        foreach (var (inputs, outputs) in fixture.Cases())
        {
            row = Compared(row, folder, inputs, outputs, FixtureCheckpoint.Pick);
        }

        table.Add(row);
        Judge(row, 1e-4);
    }

    public void Dispose() => _folder.Dispose();

    private FixtureRow Protect(string name, string model, Func<string, string> plainOf)
    {
        var report = ModelInspector.Inspect(model);
        var package = Directory.CreateDirectory(_folder.At("package")).FullName;
        var watch = Stopwatch.StartNew();
        var made = PackageProtector.Protect(model, package, new ProtectionOptions("fixture"), new SeededRandom(7));
        var seconds = watch.Elapsed.TotalSeconds;
        Assert.True(made.Verification!.Passed);
        var (total, moved) = (0.0, 0.0);
        foreach (var graph in Directory.GetFiles(Path.Combine(package, "cloud"), "*.onnx"))
        {
            var bytes = new MovedBytes(plainOf(Path.GetFileName(graph)));
            bytes.Add(graph);
            (total, moved) = (total + bytes.Total, moved + bytes.Moved);
        }

        return new FixtureRow(name, report.Classes.Count, moved / total, 0, 0, 0, seconds, report.Unruled);
    }

    private FixtureRow Compared(
        FixtureRow row,
        string model,
        Dictionary<string, HostTensor> inputs,
        Dictionary<string, float[]> golden,
        Func<string, Dictionary<string, HostTensor>, Dictionary<string, HostTensor>, float[]?> pick)
    {
        var plain = WholeModel.Run(model, inputs).ToDictionary(output => output.Name, output => output.Tensor);
        var moved = WholeModel.Run(_folder.At("package"), inputs)
            .ToDictionary(output => output.Name, output => output.Tensor);
        Assert.Equal(plain.Keys, moved.Keys);
        var compared = 0;
        foreach (var (name, expected) in golden)
        {
            if (pick(name, inputs, plain) is not { } left || pick(name, inputs, moved) is not { } right)
            {
                continue;
            }

            compared++;
            row = row with
            {
                Plain = Math.Max(row.Plain, Off(expected, left)),
                Protected = Math.Max(row.Protected, Off(expected, right)),
                Apart = Math.Max(row.Apart, Off(left, right)),
            };
        }

        Assert.True(compared > 0, "no golden output was compared");
        return row;
    }

    private static void Judge(FixtureRow row, double tolerance)
    {
        Assert.InRange(row.Plain, 0, tolerance);
        Assert.InRange(row.Protected, 0, tolerance);
        Assert.InRange(row.Apart, 0, tolerance);
        Assert.InRange(row.Moved, LessMoves.GetValueOrDefault(row.Name, LeastMoved), 1);
        Assert.Empty(row.Unruled);
    }

    // Of the scale. 8 bits of activations and 16 of outputs round sums in another order apart; float32 hardly does.
    private static double Tolerance(FixtureGraph fixture)
    {
        using var runner = new GraphRunner(fixture.FilePath);
        return fixture.RoundsActivations ? 5e-2
            : runner.Outputs.Any(output => output.Dtype == TensorDtype.Float16) ? 2e-2
            : 1e-3;
    }

    private static bool Wanted(string name) =>
        Environment.GetEnvironmentVariable("STIP_ONLY") is not { Length: > 0 } words
        || words.Split(',').Any(word => name.Contains(word, StringComparison.Ordinal));

    private static double Off(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var scale = Math.Max(1, expected.Where(float.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max());
        var off = expected.Zip(actual).Select(pair => pair.First.Equals(pair.Second) ? 0
            : Math.Abs((double)pair.First - pair.Second)).DefaultIfEmpty(0).Max() / scale;
        return double.IsNaN(off) ? double.PositiveInfinity : off;
    }
}
