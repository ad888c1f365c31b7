using System.Diagnostics;
using Stip.Api.Engine;

namespace Stip.Api.Endpoints.Completions;

/// <summary>Where a step spent its time, as spans: <c>queue</c> and <c>run</c> below <c>step</c>. Numbers and the
/// model's name only.</summary>
internal static class StepSpans
{
    public const string SourceName = "Stip.Engine";
    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Records a step that has just ended; nothing where nobody listens.</summary>
    /// <param name="step">What ran.</param>
    /// <param name="times">Inside the engine.</param>
    /// <param name="clock">Says when that was.</param>
    public static void Record(StepDeclaration step, StepTimes times, TimeProvider clock) =>
        Record("step", step.Decoder.Model, step.AllRowCount, times, clock);

    /// <summary>Records a pass of a graph without a cache: <c>queue</c> and <c>run</c> below <c>pass</c>.</summary>
    /// <param name="model">A hosted one.</param>
    /// <param name="rows">What it was worth.</param>
    /// <param name="times">Inside the engine.</param>
    /// <param name="clock">Says when that was.</param>
    public static void RecordPass(string model, int rows, StepTimes times, TimeProvider clock) =>
        Record("pass", model, rows, times, clock);

    private static void Record(string name, string model, int rows, StepTimes times, TimeProvider clock)
    {
        if (!Source.HasListeners())
        {
            return;
        }

        var ended = clock.GetUtcNow();
        var began = ended - times.Run;
        var arrived = began - times.Queue;
        using var whole = Source.StartActivity(
            name, ActivityKind.Internal, Activity.Current?.Context ?? default, startTime: arrived,
            tags: [new("gen_ai.request.model", model), new("stip.rows", rows)]);
        if (whole is not null)
        {
            Add("queue", whole, arrived, began);
            Add("run", whole, began, ended);
            whole.SetEndTime(ended.UtcDateTime);
        }
    }

    /// <summary>The span of writing an answer, from now to its disposal; null where nobody listens.</summary>
    public static Activity? Copy() => Source.StartActivity("copy");

    private static void Add(string name, Activity parent, DateTimeOffset from, DateTimeOffset to)
    {
        using var span = Source.StartActivity(name, ActivityKind.Internal, parent.Context, startTime: from);
        span?.SetEndTime(to.UtcDateTime);
    }
}
