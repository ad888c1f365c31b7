using System.Collections.Concurrent;
using System.Diagnostics;
using Stip.Api.Endpoints.Completions;
using Stip.Api.Tests.Hosting;

namespace Stip.Api.Tests.Endpoints;

public sealed class TracingTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    private const int Rows = 7;

    [Fact]
    public async Task Step_LeavesSpansOfItsQueueRunAndCopy()
    {
        var spans = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == StepSpans.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        await tiny.Server.Caller().StepAsync(Steps.Prefill(1, Rows));

        // Other tests' servers share the process: only what belongs to a step of so many rows counts.
        var step = spans.First(span => span.OperationName == "step" && Equals(span.GetTagItem("stip.rows"), Rows));
        var mine = spans.Where(span => span.ParentSpanId == step.SpanId).ToArray();
        Assert.Equal(["queue", "run"], mine.Select(span => span.OperationName).Order());
        Assert.All(
            mine,
            span => Assert.InRange(span.StartTimeUtc, step.StartTimeUtc, step.StartTimeUtc + step.Duration));
        Assert.Contains(spans, span => span.OperationName == "copy");
    }
}
