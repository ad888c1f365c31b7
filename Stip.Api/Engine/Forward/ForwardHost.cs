using Microsoft.Extensions.Options;
using Stip.Api.Engine.Loading;
using Stip.Protocol.Errors;
using Stip.Protocol.Packages;

namespace Stip.Api.Engine.Forward;

/// <summary>A graph without a cache that is loaded while it is used; passes of equal shapes run together.</summary>
internal sealed class ForwardHost : IAsyncDisposable
{
    private readonly LoadedOnUse<ForwardLoop> _loop;
    private readonly int _hiddenSize;
    private readonly long _limitBytes;
    private readonly long _answerBytes;
    private volatile bool _isDisposed;

    /// <param name="model">The model it belongs to.</param>
    /// <param name="graphPath">Its file.</param>
    /// <param name="bytes">Size of its files.</param>
    /// <param name="graph">Its inputs and outputs.</param>
    /// <param name="hiddenSize">Features of a row.</param>
    /// <param name="runtime">Loads it.</param>
    /// <param name="rowsOf">What its file says of rows that run together; asked when it is loaded.</param>
    /// <param name="graphs">Who else is in memory.</param>
    /// <param name="options">Largest batch.</param>
    /// <param name="log">Told whether passes run together, once that is known.</param>
    /// <param name="clock">Tells when it was used.</param>
    public ForwardHost(
        string model,
        string graphPath,
        long bytes,
        GraphManifest graph,
        int hiddenSize,
        IGraphRuntime runtime,
        Func<string, GraphRows> rowsOf,
        LoadedGraphs graphs,
        IOptions<EngineOptions> options,
        ILogger log,
        TimeProvider clock)
    {
        Graph = graph;
        (_hiddenSize, _limitBytes) = (hiddenSize, PassMemory.LimitBytes(options.Value));
        _answerBytes = (long)options.Value.MaxAnswerMegabytes << 20;
        _loop = new LoadedOnUse<ForwardLoop>(
            model, bytes,
            cancellation =>
            {
                runtime.Require(cancellation);
                cancellation.ThrowIfCancellationRequested();
                var rows = rowsOf(graphPath);
                return new ForwardLoop(
                    runtime.LoadForward(graphPath),
                    BatchAxis.Of(graph) && !rows.AreMixed ? options.Value.MaxBatch : 1,
                    options.Value.QueueLength,
                    clock,
                    Fits,
                    new BatchTrial(rows.AreNarrow) { Decided = mayJoin => Tell(log, model, mayJoin) });
            },
            loop => loop.IsIdle, loop => loop.LastRanAt, graphs, options, clock);
    }

    private static Refusal Gone { get; } = new(
        StipErrorCode.ServerOverloaded, "the model is being replaced or removed", "model", TimeSpan.FromSeconds(1));

    public GraphManifest Graph { get; }

    public bool IsLoaded => _loop.Peek is not null;

    public bool IsLoading => _loop.IsLoading;

    /// <summary>Loads it, however long that takes; the refusal where others have the room.</summary>
    public Task<Refusal?> LoadAsync() => _loop.LoadAsync();

    /// <summary>Runs a pass.</summary>
    /// <param name="owner">Turns and places are fair between owners.</param>
    /// <param name="inputs">Of the pass.</param>
    /// <param name="share">Of the rows of its outputs, those that are given back.</param>
    /// <param name="cancellation">Gives it up while it waits.</param>
    public async Task<Outcome<PassAnswer>> RunAsync(
        string owner, ValidInputs inputs, double share, CancellationToken cancellation)
    {
        if (TooLarge(inputs, share) is { } tooLarge)
        {
            return tooLarge;
        }

        while (!_isDisposed)
        {
            if (!(await _loop.GetAsync(cancellation)).Is(out var loop, out var refusal))
            {
                return _isDisposed ? Gone : refusal;
            }

            // Null where it made room for another model since.
            if (await loop.TryRunAsync(owner, inputs, cancellation) is { } outcome)
            {
                return outcome;
            }
        }

        return Gone;
    }

    public ValueTask DisposeAsync()
    {
        _isDisposed = true;
        return _loop.DisposeAsync();
    }

    private static void Tell(ILogger log, string model, bool mayJoin)
    {
        if (mayJoin)
        {
            log.LogInformation("forward passes of {Model} run together: pairs gave what each gives alone", model);
        }
        else
        {
            log.LogWarning(
                "forward passes of {Model} run one by one: pairs failed, or gave other outputs than each alone", model);
        }
    }

    private Refusal? TooLarge(ValidInputs inputs, double share)
    {
        // What is not given back is made all the same, and no tensor is larger.
        var (made, answer) = (PassMemory.AnswerBytes(Graph, inputs, _hiddenSize),
            PassMemory.AnswerBytes(Graph, inputs, _hiddenSize, share));
        if (answer > _answerBytes || made > int.MaxValue)
        {
            return TooLarge($"the pass's outputs would be about {Megabytes(made)} MiB, of which "
                + $"{Megabytes(answer)} are asked for, and one answer may be {_answerBytes >> 20}");
        }

        var memory = PassMemory.Bytes(Graph, inputs, _hiddenSize);
        return memory <= _limitBytes
            ? null
            : TooLarge($"the pass would take about {Megabytes(memory)} MiB of memory, and one may take "
                + $"{_limitBytes >> 20}");
    }

    private static Refusal TooLarge(string what) =>
        new(StipErrorCode.PayloadTooLarge, $"{what}: send fewer or shorter inputs at once", "inputs");

    private static double Megabytes(double bytes) => Math.Ceiling(bytes / (1 << 20));

    // Passes that run together are alike; their outputs lie in one piece of memory.
    private bool Fits(ValidInputs inputs, long times) =>
        PassMemory.Bytes(Graph, inputs, _hiddenSize) * times <= _limitBytes
        && PassMemory.AnswerBytes(Graph, inputs, _hiddenSize) * times <= int.MaxValue;
}
