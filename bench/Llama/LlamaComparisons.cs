using System.Runtime.CompilerServices;
using Stip.Bench.Measuring;
using Stip.Bench.Scenarios;
using Stip.Bench.Serving;
using Stip.Client.Generation;

namespace Stip.Bench.Llama;

/// <summary>Private Stip through HTTP against unprotected llama.cpp in this process, the same file.</summary>
internal static class LlamaComparisons
{
    private const int Prompt = 512;

    public static async IAsyncEnumerable<Comparison> RunAsync(
        ServedPair served, LlamaNatives natives, string file, IReadOnlyList<int> users, int pairs,
        int tokens, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var count in users)
        {
            using var llama = new LlamaLoop(natives, file, count, SessionLoad.PromptTokens + tokens);
            Task<Rates> Llama() => Task.FromResult(new Rates(0, llama.Decode(SessionLoad.PromptTokens, tokens)));
            using (var bare = new BareBatch(served.Model.Graph, count, SessionLoad.PromptTokens + tokens))
            {
                // Tells whether serving or the runtime's products lose.
                var (ort, same) = await Interleaved.RunAsync(
                    () => Task.FromResult(new Rates(0, bare.Decode(SessionLoad.PromptTokens, tokens))), Llama, pairs);
                yield return Comparison.Of(
                    $"bare ONNX Runtime / llama.cpp: decode, {count} users", ort, same, r => r.Decode);
            }

            foreach (var (name, model) in new[] { ("HTTP", served.OverHttp), ("WebSocket", served.Protected) })
            {
                var (stip, other) = await Interleaved.RunAsync(
                    () => SessionLoad.DecodeAsync(served.Server, model, count, tokens, cancellationToken), Llama,
                    pairs);
                yield return Comparison.Of(
                    $"private Stip over {name} / llama.cpp: decode, {count} users", stip, other, r => r.Decode);
            }
        }

        using var one = new LlamaLoop(natives, file, 1, Prompt);
        var (first, second) = await Interleaved.RunAsync(
            () => PrefillAsync(served.OverHttp, cancellationToken),
            () => Task.FromResult(new Rates(one.Prefill(Prompt), 0)),
            pairs);
        yield return Comparison.Of(
            $"private Stip over HTTP / llama.cpp: prefill of {Prompt} tokens", first, second, r => r.Prefill);
    }

    private static async Task<Rates> PrefillAsync(StipModel model, CancellationToken cancellationToken)
    {
        await using var session = model.OpenSession(Prompt);
        var ids = SessionLoad.Ids(model, 0, 0, Prompt);
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        await session.AppendAsync(ids, topK: 1, cancellationToken: cancellationToken);
        return new Rates(Prompt / System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds, 0);
    }
}
