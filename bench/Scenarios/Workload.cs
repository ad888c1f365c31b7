using System.Diagnostics;
using Stip.Bench.Serving;
using Stip.Client.Generation;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Bench.Scenarios;

/// <summary>
/// The same work for everybody: a prompt in one step, then one token a step. Token ids are arbitrary but fixed.
/// </summary>
internal sealed class Workload(int vocabSize, int promptTokens, int decodeTokens)
{
    private const int Stride = 37;

    private readonly int[] _ids =
        [.. Enumerable.Range(0, promptTokens + decodeTokens).Select(i => i * Stride % vocabSize)];

    /// <summary>Tokens a second of prefill and of decode through a server.</summary>
    public async Task<Rates> ServeAsync(BenchServer server, StipModel model, CancellationToken cancellationToken)
    {
        await using var session = model.OpenSession(_ids.Length);
        var start = Stopwatch.GetTimestamp();
        await session.AppendAsync(_ids.AsMemory(0, promptTokens), topK: 1, cancellationToken: cancellationToken);
        var prefill = Stopwatch.GetElapsedTime(start);

        var cpu = CpuMeter.Start(server);
        start = Stopwatch.GetTimestamp();
        for (var i = promptTokens; i < _ids.Length; i++)
        {
            await session.AppendAsync(_ids.AsMemory(i, 1), topK: 1, cancellationToken: cancellationToken);
        }

        var decode = Stopwatch.GetElapsedTime(start);
        var (client, servers) = cpu.PerToken(decodeTokens);
        return Of(prefill, decode) with { ClientMs = client, ServerMs = servers };
    }

    /// <summary>The same in a bare loop over ONNX Runtime in this process.</summary>
    public Rates RunBare(DecoderRunner runner, float[] rows)
    {
        runner.Rewind(0);
        var start = Stopwatch.GetTimestamp();
        runner.Append(rows.AsSpan(0, promptTokens * runner.HiddenSize));
        var prefill = Stopwatch.GetElapsedTime(start);

        start = Stopwatch.GetTimestamp();
        for (var i = promptTokens; i < _ids.Length; i++)
        {
            runner.Append(rows.AsSpan(i * runner.HiddenSize, runner.HiddenSize));
        }

        return Of(prefill, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>Rows <c>[n, hidden]</c> for <see cref="RunBare"/>.</summary>
    public float[] Embed(EmbeddingTables tables) => tables.Embed([.. _ids.Select(id => (long)id)], firstPosition: 0);

    private Rates Of(TimeSpan prefill, TimeSpan decode) =>
        new(promptTokens / prefill.TotalSeconds, decodeTokens / decode.TotalSeconds);
}
