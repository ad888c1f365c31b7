using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using Stip.Api.Endpoints.Completions;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;

namespace Stip.Api.Tests.Endpoints;

public sealed class TracingTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    private const int Rows = 7;

    [Fact]
    public async Task Step_LeavesSpansOfItsQueueRunAndCopy()
    {
        var spans = new ConcurrentBag<Activity>();
        using var listener = Listen(spans);
        // Other tests' servers share the process: only spans of this trace count.
        var trace = ActivityTraceId.CreateRandom();
        using var http = tiny.Server.CreateClient();
        http.DefaultRequestHeaders.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        await new ApiCaller(http, ApiServer.AdminKey).StepAsync(Steps.Prefill(1, Rows));

        var mine = spans
            .Where(span => span.TraceId == trace && span.Source.Name == StepSpans.SourceName).ToArray();
        Assert.Equal(["copy", "queue", "run", "step"], mine.Select(span => span.OperationName).Order());
        var step = mine.Single(span => span.OperationName == "step");
        Assert.Equal(Rows, step.GetTagItem("stip.rows"));
        var parts = mine.Where(span => span.ParentSpanId == step.SpanId).ToArray();
        Assert.Equal(["queue", "run"], parts.Select(span => span.OperationName).Order());
        Assert.All(
            parts,
            span => Assert.InRange(span.StartTimeUtc, step.StartTimeUtc, step.StartTimeUtc + step.Duration));
    }

    [Fact]
    public async Task Pass_LeavesSpansOfItsQueueAndRun()
    {
        var spans = new ConcurrentBag<Activity>();
        using var listener = Listen(spans);
        var trace = ActivityTraceId.CreateRandom();
        using var http = tiny.Server.CreateClient();
        http.DefaultRequestHeaders.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        using var answer = await new ApiCaller(http, ApiServer.AdminKey).PostAsync(
            StipRoutes.Forward, TinyEncoder.Request(1, Rows));

        Assert.Matches(
            @"^queue;dur=\d+\.\d{3}, run;dur=\d+\.\d{3}, copy;dur=\d+\.\d{3}, total;dur=\d+\.\d{3}$",
            Assert.Single(answer.Headers.GetValues("Server-Timing")));
        var mine = spans
            .Where(span => span.TraceId == trace && span.Source.Name == StepSpans.SourceName).ToArray();
        Assert.Equal(["pass", "queue", "run"], mine.Select(span => span.OperationName).Order());
        Assert.Equal(Rows, mine.Single(span => span.OperationName == "pass").GetTagItem("stip.rows"));
    }

    [Fact]
    public async Task Step_OverAWebSocket_LeavesTheSameSpans()
    {
        var spans = new ConcurrentBag<Activity>();
        using var listener = Listen(spans);
        var trace = ActivityTraceId.CreateRandom();
        using var socket = await tiny.OpenSocketAsync($"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        var message = await Steps.Safetensors(Steps.Prefill(1, Rows) with { Keep = false }).ReadAsByteArrayAsync(
            TestContext.Current.CancellationToken);
        await socket.SendAsync(message, WebSocketMessageType.Binary, true, TestContext.Current.CancellationToken);
        var answer = await socket.ReceiveAsync(new byte[64 << 10], TestContext.Current.CancellationToken);

        Assert.Equal(WebSocketMessageType.Binary, answer.MessageType);
        // The last one ends when the message has gone: a moment after it came.
        for (var i = 0; i < 500 && Mine().Length < 4; i++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.Equal(["copy", "queue", "run", "step"], Mine().Select(span => span.OperationName).Order());
        Assert.Equal(Rows, Mine().Single(span => span.OperationName == "step").GetTagItem("stip.rows"));

        Activity[] Mine() => [.. spans.Where(
            span => span.TraceId == trace && span.Source.Name == StepSpans.SourceName)];
    }

    [Fact]
    public async Task Request_OfASession_LeavesNoSpanWithItsId()
    {
        const string Id = "sess_0123456789abcdef0123456789abcdef";
        var trace = ActivityTraceId.CreateRandom();
        // The host ends it after the answer has gone.
        var ended = new TaskCompletionSource<Activity>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span => _ = span.TraceId == trace && ended.TrySetResult(span),
        };
        ActivitySource.AddActivityListener(listener);
        using var http = tiny.Server.CreateClient();
        http.DefaultRequestHeaders.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        using var answer = await http.GetAsync(
            new Uri($"/v1/permuted/sessions/{Id}", UriKind.Relative), TestContext.Current.CancellationToken);

        var span = await ended.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.DoesNotContain(Id, span.DisplayName, StringComparison.Ordinal);
        Assert.All(span.TagObjects, tag => Assert.DoesNotContain(Id, $"{tag.Value}", StringComparison.Ordinal));
    }

    private static ActivityListener Listen(ConcurrentBag<Activity> spans)
    {
        var listener = new ActivityListener
        {
            // The host reads a caller's trace only while somebody listens to it or logs.
            ShouldListenTo = source => source.Name is StepSpans.SourceName or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
