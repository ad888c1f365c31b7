using System.Diagnostics;
using System.Globalization;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Reports;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Fixtures;

/// <summary>
/// Run by hand: every graph of the folder that STIP_FIXTURES names, permuted as a whole, gives its golden outputs.
/// STIP_TABLE names a file that gets a line for each, STIP_PINS adds what stays, STIP_ONLY picks by name, STIP_KEEP
/// names a folder for the permuted graphs.
/// </summary>
public sealed class FixtureGraphTests
{
    private static readonly string? Root = FetchedFixtures.Folder;

    public static TheoryData<string> Names { get; } =
        [.. Root is null ? ["none"] : FixtureGraph.Names(Root).Where(Wanted)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Graph_Permuted_GivesItsGoldenOutputs(string name)
    {
        Assert.SkipWhen(Root is null, FetchedFixtures.Missing);
        var watch = Stopwatch.StartNew();
        var line = new List<string> { name };
        try
        {
            Check(name, line);
            line.Add("exact");
        }
        catch (Exception e)
        {
            line.Add(e.Message.Split('\n')[0]);
            throw;
        }
        finally
        {
            line.Insert(1, string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds:F1} s"));
            Note(string.Join(" | ", line));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Runs_OfAGraph_HaveTheClassesOfItsCells(string name)
    {
        Assert.SkipWhen(Root is null, FetchedFixtures.Missing);
        using var file = ModelFile.Load(new FixtureGraph(Root!, name).FilePath);
        TwoForms.AssertAgree(file);
    }

    private static void Check(string name, List<string> line)
    {
        var fixture = new FixtureGraph(Root!, name);
        using var folder = new TemporaryFolder();
        using var file = ModelFile.Load(fixture.FilePath);
        var analysis = SymmetryAnalysis.Of(file);
        line.Add($"{analysis.Graph.Store.Count} nodes");
        line.Add(string.Join(", ", analysis.Graph.Unruled.Distinct()));
        if (Environment.GetEnvironmentVariable("STIP_PINS") is { Length: > 0 })
        {
            line.AddRange(SymmetryInspector.Inspect(fixture.FilePath).Pinned.Select(axis => axis.ToString()));
        }

        var plan = ProtectionPlan.From(analysis.Graph, analysis.Draw(new SeededRandom(7)).Targets);
        var path = folder.At("model.onnx");
        ProtectedGraphWriter.Write(file, plan, path);
        if (Environment.GetEnvironmentVariable("STIP_KEEP") is { Length: > 0 } kept)
        {
            Keep(path, Path.Combine(kept, name));
        }

        using var moved = new GraphRunner(path);
        var worst = fixture.Cases().Max(entry => Difference(moved, plan, entry.Inputs, entry.Outputs));
        line.Add(string.Create(CultureInfo.InvariantCulture, $"{worst:E1} of scale"));
        if (worst > 1e-2)
        {
            var (inputs, _) = fixture.Cases().First();
            line.Add(FirstDifference.Find(fixture.FilePath, path, inputs, Protected(plan, inputs), folder.Path)
                ?? "no value differs");
        }

        var isHalf = moved.Outputs.Any(output => output.Dtype == TensorDtype.Float16);
        Assert.InRange(worst, 0, fixture.RoundsActivations ? 5e-2 : isHalf ? 2e-2 : 1e-3);
    }

    private static double Difference(
        GraphRunner moved,
        ProtectionPlan plan,
        Dictionary<string, HostTensor> inputs,
        Dictionary<string, HostTensor> outputs)
    {
        var actual = moved.Run(Protected(plan, inputs));
        var worst = 0.0;
        foreach (var (name, golden) in outputs.Where(output => output.Value.Dtype.IsWireFloat()))
        {
            var restored = plan.Outputs.TryGetValue(name, out var port) ? port.Restore(actual[name]) : actual[name];
            var (a, b) = (golden.ToFloats(), restored.ToFloats());
            Assert.Equal(a.Length, b.Length);
            var scale = Math.Max(1, a.Where(float.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max());
            worst = Math.Max(worst, a.Zip(b).Select(pair => pair.First.Equals(pair.Second) ? 0
                : Math.Abs((double)pair.First - pair.Second)).DefaultIfEmpty(0).Max() / scale);
        }

        return worst;
    }

    private static Dictionary<string, HostTensor> Protected(
        ProtectionPlan plan, Dictionary<string, HostTensor> inputs) => inputs.ToDictionary(
        input => input.Key,
        input => plan.Inputs.TryGetValue(input.Key, out var port) ? port.Protect(input.Value) : input.Value);

    private static bool Wanted(string name) =>
        Environment.GetEnvironmentVariable("STIP_ONLY") is not { Length: > 0 } part
        || part.Split(',').Any(word => name.Contains(word, StringComparison.Ordinal));

    private static void Keep(string path, string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(path)!))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        }
    }

    private static void Note(string line)
    {
        if (Environment.GetEnvironmentVariable("STIP_TABLE") is { Length: > 0 } table)
        {
            File.AppendAllText(table, line + Environment.NewLine);
        }
    }
}
