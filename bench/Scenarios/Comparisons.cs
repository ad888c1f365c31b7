using System.Runtime.CompilerServices;
using Stip.Bench.Measuring;
using Stip.Bench.Serving;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Bench.Scenarios;

/// <summary>The comparisons behind the README's claims: what protection costs, and what serving costs.</summary>
internal static class Comparisons
{
    private const int PromptTokens = 128;

    public static async IAsyncEnumerable<Comparison> RunAsync(
        ServedPair served, BenchPlan plan, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var manifest = served.Model.Manifest;
        var work = new Workload(manifest.VocabSize, PromptTokens, plan.Tokens);
        using var tables = EmbeddingTables.Open(served.Model.Exported, manifest.Embedding);
        using var runner = new DecoderRunner(served.Model.Graph, PromptTokens + plan.Tokens);
        var rows = work.Embed(tables);

        Task<Rates> Protected() => work.ServeAsync(served.Server, served.Protected, cancellationToken);
        Task<Rates> Plain() => work.ServeAsync(served.Server, served.Plain, cancellationToken);
        Task<Rates> Http() => work.ServeAsync(served.Server, served.OverHttp, cancellationToken);
        Task<Rates> Bare() => Task.FromResult(work.RunBare(runner, rows));

        var (first, second) = await Interleaved.RunAsync(Protected, Plain, plan.Pairs);
        yield return Comparison.Of("protected / plain package, same server: decode", first, second, r => r.Decode);
        yield return Comparison.Of("protected / plain package, same server: prefill", first, second, r => r.Prefill);

        (first, second) = await Interleaved.RunAsync(Protected, Bare, plan.Pairs);
        yield return Comparison.Of("served over WebSocket / bare ONNX Runtime: decode", first, second, r => r.Decode);
        yield return Comparison.Of("served over WebSocket / bare ONNX Runtime: prefill", first, second, r => r.Prefill);

        (first, second) = await Interleaved.RunAsync(Http, Bare, plan.Pairs);
        yield return Comparison.Of("served over HTTP / bare ONNX Runtime: decode", first, second, r => r.Decode);
        yield return Comparison.Of("served over HTTP / bare ONNX Runtime: prefill", first, second, r => r.Prefill);
    }
}
