using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Stip.Api.Engine.Scheduling;
using Stip.Protocol.Errors;

namespace Stip.Api.Engine;

/// <summary>What the engine counts and measures, by model. Numbers only; names close to vLLM's.</summary>
internal sealed class EngineMetrics
{
    public const string MeterName = "Stip.Engine";
    private const string ModelTag = "model_name";
    private const string Seconds = "s";
    private const string Bytes = "By";
    private readonly ConcurrentDictionary<string, ModelLoop> _loops = new();
    private readonly Counter<long> _promptTokens;
    private readonly Counter<long> _generationTokens;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _passes;
    private readonly Histogram<double> _queue;
    private readonly Histogram<double> _prefill;
    private readonly Histogram<double> _decode;
    private readonly Histogram<double> _pass;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _interToken;

    /// <param name="meter">Made of.</param>
    /// <param name="budget">Of the caches; null where nobody asks for it.</param>
    public EngineMetrics(Meter meter, CacheBudget? budget = null)
    {
        _promptTokens = meter.CreateCounter<long>("stip.prompt_tokens", null, "Rows of steps of several rows");
        _generationTokens = meter.CreateCounter<long>("stip.generation_tokens", null, "Steps of one row");
        _refusals = meter.CreateCounter<long>("stip.request_refusals", null, "Refused requests and steps by code");
        _passes = meter.CreateCounter<long>("stip.forward_rows", null, "Rows of passes of graphs without a cache");
        _queue = meter.CreateHistogram<double>("stip.request_queue_time", Seconds, "From arrival to the first run");
        _prefill = meter.CreateHistogram<double>("stip.request_prefill_time", Seconds, "Run time of several rows");
        _decode = meter.CreateHistogram<double>("stip.request_decode_time", Seconds, "Run time of one row");
        _pass = meter.CreateHistogram<double>(
            "stip.forward_time", Seconds, "Run time of passes of graphs without a cache");
        _firstToken = meter.CreateHistogram<double>(
            "stip.time_to_first_token", Seconds, "Wait and run of steps that begin a session");
        _interToken = meter.CreateHistogram<double>(
            "stip.inter_token_latency", Seconds, "From a session's answer to that of its next row");
        meter.CreateObservableGauge(
            "stip.num_requests_running", () => Read(loop => loop.Running), null, "Steps that have begun");
        meter.CreateObservableGauge(
            "stip.num_requests_waiting", () => Read(loop => loop.Waiting), null, "Steps that have not begun");
        meter.CreateObservableGauge("stip.num_sessions", () => Read(loop => loop.Sessions), null, "Slots in use");
        meter.CreateObservableGauge("stip.num_slots", () => Read(loop => loop.Slots), null, "Most sessions at once");
        if (budget is not null)
        {
            meter.CreateObservableGauge(
                "stip.cache_used", () => budget.LimitBytes - budget.FreeBytes, Bytes, "Memory of the sessions' caches");
            meter.CreateObservableGauge(
                "stip.cache_limit", () => budget.LimitBytes, Bytes, "Memory that the caches may take together");
        }
    }

    /// <summary>Watches the loop of a model until it ends.</summary>
    public void Watch(string model, ModelLoop loop)
    {
        _loops[model] = loop;
        loop.Ended.ContinueWith(
            _ => _loops.TryRemove(KeyValuePair.Create(model, loop)), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Counts an answer that says no, where it is written: once, whoever said it first.</summary>
    /// <param name="code">Why.</param>
    /// <param name="model">A hosted one, or null; never what a caller called it, of which there are too many.</param>
    public void CountRefusal(StipErrorCode code, string? model) => _refusals.Add(
        1, Tag(model ?? ""), KeyValuePair.Create<string, object?>("code", code.Name()));

    /// <summary>Counts a pass of a graph without a cache.</summary>
    public void CountPass(string model, int rows, StepTimes times)
    {
        _passes.Add(rows, Tag(model));
        _queue.Record(times.Queue.TotalSeconds, Tag(model));
        _pass.Record(times.Run.TotalSeconds, Tag(model));
    }

    /// <summary>Counts a step that ran; one that did not is counted where its refusal is written.</summary>
    public void Count(StepDeclaration step, in Outcome<StepAnswer> outcome)
    {
        if (!outcome.Is(out var answer, out _))
        {
            return;
        }

        var model = Tag(step.Decoder.Model);
        var isDecode = step.AllRowCount == 1;
        (isDecode ? _generationTokens : _promptTokens).Add(step.AllRowCount, model);
        _queue.Record(answer.Times.Queue.TotalSeconds, model);
        (isDecode ? _decode : _prefill).Record(answer.Times.Run.TotalSeconds, model);
        if (isDecode && answer.Times.SinceLast is { } sinceLast)
        {
            _interToken.Record(sinceLast.TotalSeconds, model);
        }

        if (step.Position == 0)
        {
            _firstToken.Record((answer.Times.Queue + answer.Times.Run).TotalSeconds, model);
        }
    }

    private static KeyValuePair<string, object?> Tag(string model) => new(ModelTag, model);

    private IEnumerable<Measurement<int>> Read(Func<ModelLoop, int> read) => _loops.Select(
        pair => new Measurement<int>(read(pair.Value), KeyValuePair.Create<string, object?>(ModelTag, pair.Key)));
}
