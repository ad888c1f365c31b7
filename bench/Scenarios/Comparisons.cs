using System.Runtime.CompilerServices;
using System.Text.Json;
using Stip.Bench.Measuring;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Protocol;

namespace Stip.Bench.Scenarios;

/// <summary>The comparisons behind the README's claims: what protection costs, and what serving costs.</summary>
internal static class Comparisons
{
    private const int PromptTokens = 128;
    private const int WarmUpRuns = 3;

    public static async IAsyncEnumerable<Comparison> RunAsync(
        ServedPair served, BenchPlan plan, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var manifest = JsonSerializer.Deserialize<ExportManifest>(
            await File.ReadAllTextAsync(At(ExportManifest.FileName), cancellationToken), StipJson.File)!;
        var work = new Workload(manifest.VocabSize, PromptTokens, plan.Tokens);
        using var tables = EmbeddingTables.Open(served.ExportedFolder, manifest.Embedding);
        using var runner = new DecoderRunner(
            At(manifest.Graphs["decoder"].File), PromptTokens + plan.Tokens);
        var rows = work.Embed(tables);

        string At(string file) => Path.Combine(served.ExportedFolder, file);
        Task<Rates> Protected() => work.ServeAsync(served.Protected, cancellationToken);
        Task<Rates> Plain() => work.ServeAsync(served.Plain, cancellationToken);
        Task<Rates> Http() => work.ServeAsync(served.OverHttp, cancellationToken);
        Task<Rates> Bare() => Task.FromResult(work.RunBare(runner, rows));

        var (first, second) = await InterleaveAsync(Protected, Plain, plan.Pairs);
        yield return Comparison.Of("protected / plain package, same server: decode", first, second, r => r.Decode);
        yield return Comparison.Of("protected / plain package, same server: prefill", first, second, r => r.Prefill);

        (first, second) = await InterleaveAsync(Protected, Bare, plan.Pairs);
        yield return Comparison.Of("served over WebSocket / bare ONNX Runtime: decode", first, second, r => r.Decode);

        (first, second) = await InterleaveAsync(Http, Bare, plan.Pairs);
        yield return Comparison.Of("served over HTTP / bare ONNX Runtime: decode", first, second, r => r.Decode);
        yield return Comparison.Of("served over HTTP / bare ONNX Runtime: prefill", first, second, r => r.Prefill);
    }

    /// <summary>Runs two workloads in pairs, the order turned round in every other pair.</summary>
    internal static async Task<(List<Rates> First, List<Rates> Second)> InterleaveAsync(
        Func<Task<Rates>> first, Func<Task<Rates>> second, int pairs)
    {
        for (var i = 0; i < WarmUpRuns; i++)
        {
            await first();
            await second();
        }

        var (a, b) = (new List<Rates>(), new List<Rates>());
        for (var i = 0; i < pairs; i++)
        {
            if (i % 2 == 0)
            {
                a.Add(await first());
                b.Add(await second());
            }
            else
            {
                b.Add(await second());
                a.Add(await first());
            }
        }

        return (a, b);
    }
}
