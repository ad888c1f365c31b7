using System.Runtime.CompilerServices;
using Stip.Bench.Measuring;
using Stip.Bench.Scenarios;
using Stip.Bench.Serving;
using Stip.Client.Generation;

namespace Stip.Bench.Gpu;

/// <summary>What protection costs on a device, and whether a batch changes an answer there.</summary>
internal static class GpuComparisons
{
    public const string Law = "logits of 16 sessions that decode at once = of each alone, bit for bit";
    private const int Prompt = 256;
    private const int LawSessions = 16;
    private const int LawTokens = 8;
    private static readonly int[] Batches = [1, 64];

    /// <summary>Names of what is measured, for a machine that cannot.</summary>
    public static IEnumerable<string> Names =>
        [.. Batches.Select(DecodeName), PrefillName, Law, .. Batches.Select(BareName)];

    private static string PrefillName => $"protected / plain: prefill of {Prompt} tokens";

    public static async IAsyncEnumerable<Comparison> RunAsync(
        ServedPair served,
        int pairs,
        int tokens,
        bool isCuda,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var batch in Batches)
        {
            using var bare = new BareDeviceLoop(
                served.Model.Graph, batch, SessionLoad.PromptTokens + tokens / 2, served.Model.Manifest.ContextLength,
                isCuda);
            var (a, b) = await Interleaved.RunAsync(
                () => SessionLoad.DecodeAsync(served.Server, served.Protected, batch, tokens, cancellationToken),
                () => Task.FromResult(new Rates(0, bare.Decode(tokens))),
                pairs);
            yield return Comparison.Of(BareName(batch), a, b, rates => rates.Decode);
        }

        foreach (var batch in Batches)
        {
            var (a, b) = await Interleaved.RunAsync(
                () => SessionLoad.DecodeAsync(served.Server, served.Protected, batch, tokens, cancellationToken),
                () => SessionLoad.DecodeAsync(served.Server, served.Plain, batch, tokens, cancellationToken),
                pairs);
            yield return Comparison.Of(DecodeName(batch), a, b, rates => rates.Decode);
        }

        var work = new Workload(served.Model.Manifest.VocabSize, Prompt, decodeTokens: 1);
        var (first, second) = await Interleaved.RunAsync(
            () => work.ServeAsync(served.Server, served.Protected, cancellationToken),
            () => work.ServeAsync(served.Server, served.Plain, cancellationToken),
            pairs);
        yield return Comparison.Of(PrefillName, first, second, rates => rates.Prefill);
    }

    /// <summary>Compares full rows of logits.</summary>
    public static async Task<string> BatchedAloneAsync(ServedPair served, CancellationToken cancellationToken)
    {
        var alone = new List<float[]>();
        for (var i = 0; i < LawSessions; i++)
        {
            alone.Add(await AnswerAsync(served.Protected, i, cancellationToken));
        }

        var together = await Task.WhenAll(Enumerable.Range(0, LawSessions).Select(i => Task.Run(
            () => AnswerAsync(served.Protected, i, cancellationToken), cancellationToken)));
        var equal = together.Zip(alone, (a, b) => a.AsSpan().SequenceEqual(b)).Count(same => same);
        return $"{equal} of {LawSessions} equal";
    }

    private static string BareName(int batch) => $"served / bare runtime with CUDA graphs: decode, batch {batch}";

    private static string DecodeName(int batch) => $"protected / plain: decode, batch {batch}";

    private static async Task<float[]> AnswerAsync(StipModel model, int seed, CancellationToken cancellationToken)
    {
        var ids = SessionLoad.Ids(model, seed, 0, SessionLoad.PromptTokens + LawTokens);
        await using var session = model.OpenSession(ids.Length);
        await session.AppendAsync(ids.AsMemory(0, SessionLoad.PromptTokens), 1, 1, cancellationToken);
        var values = new List<float>();
        for (var i = SessionLoad.PromptTokens; i < ids.Length; i++)
        {
            var row = await session.AppendAsync(ids.AsMemory(i, 1), null, 1, cancellationToken);
            values.AddRange(row.Values.Span);
        }

        return [.. values];
    }
}
