using System.Numerics.Tensors;
using Stip.Bench.Models;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Bench.Soak;

/// <summary>What greedy decoding of the plain model says, found by a bare loop that knows neither server nor keys.
/// </summary>
/// <param name="Prompt">Token ids.</param>
/// <param name="Answer">Tokens that follow; ends where two logits lie so close that the order of sums could decide.
/// </param>
internal sealed record SoakReference(int[] Prompt, int[] Answer)
{
    private const float LeastMargin = 1e-2f;

    public static IReadOnlyList<SoakReference> Find(MadeModel model, int count, int promptTokens, int answerTokens)
    {
        using var tables = EmbeddingTables.Open(model.Exported, model.Manifest.Embedding);
        using var runner = new DecoderRunner(model.Graph, promptTokens + answerTokens);
        return [.. Enumerable.Range(0, count).Select(i => Find(
            runner, tables, [.. MakePrompt(i, promptTokens - i % 8, model.Manifest.VocabSize)], answerTokens))];
    }

    private static SoakReference Find(DecoderRunner runner, EmbeddingTables tables, int[] prompt, int answerTokens)
    {
        runner.Rewind(0);
        var answer = new List<int>();
        var logits = runner.Append(tables.Embed([.. prompt.Select(id => (long)id)], firstPosition: 0));
        while (answer.Count < answerTokens && Margin(logits) >= LeastMargin)
        {
            answer.Add(TensorPrimitives.IndexOfMax(logits));
            logits = runner.Append(tables.Embed([answer[^1]], prompt.Length + answer.Count - 1));
        }

        return new SoakReference(prompt, [.. answer]);
    }

    private static float Margin(ReadOnlySpan<float> logits)
    {
        var best = TensorPrimitives.IndexOfMax(logits);
        var rest = float.NegativeInfinity;
        for (var i = 0; i < logits.Length; i++)
        {
            rest = i == best ? rest : Math.Max(rest, logits[i]);
        }

        return logits[best] - rest;
    }

    private static IEnumerable<int> MakePrompt(int seed, int length, int vocab) =>
        Enumerable.Range(0, length).Select(at => 3 + (at * 37 + seed * 101) % Math.Min(vocab - 3, 1021));
}
