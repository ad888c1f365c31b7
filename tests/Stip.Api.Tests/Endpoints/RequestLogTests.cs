using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Serilog.Core;
using Serilog.Events;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.TestKit;

namespace Stip.Api.Tests.Endpoints;

public sealed class RequestLogTests
{
    [Fact]
    public async Task Log_OfASession_FollowsItAndHoldsNoSecret()
    {
        var sink = new CapturingSink();
        using var server = new ApiServer(("Serilog:MinimumLevel:Default", "Debug"));
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        using var watched = server.WithWebHostBuilder(
            builder => builder.ConfigureServices(services => services.AddSingleton<ILogEventSink>(sink)));
        var caller = new ApiCaller(watched.CreateClient(), ApiServer.AdminKey);
        var request = Steps.Prefill(1, 2);
        var step = await caller.StepAsync(request);
        await caller.StepAsync(Steps.Next(step, 1));
        await caller.SendAsync(HttpMethod.Delete, $"{StipRoutes.Sessions}/{step.SessionId}");
        await caller.PostAsync(StipRoutes.Completions, Steps.Next(step, 1));
        await UntilAsync(() => sink.LinesOfSteps.Length == 3);

        var (lines, steps) = (sink.Lines.ToArray(), sink.LinesOfSteps);
        Assert.Equal(3, steps.Length);
        Assert.All(
            steps, line => Assert.Contains("key key_bootstrap, model tiny, rows ", line, StringComparison.Ordinal));
        Assert.Contains("DELETE /v1/permuted/sessions/{id} 200", string.Join('\n', lines), StringComparison.Ordinal);
        foreach (var secret in new[]
        {
            step.SessionId!, ApiServer.AdminKey, Convert.ToBase64String(request.PromptEmbeds.Data.Span)[..24],
        })
        {
            Assert.DoesNotContain(lines, line => line.Contains(secret, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Log_OfADecodeStepThatWentWell_IsForDebugging()
    {
        var sink = new CapturingSink();
        using var server = new ApiServer(("Serilog:MinimumLevel:Default", "Information"));
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        using var watched = server.WithWebHostBuilder(
            builder => builder.ConfigureServices(services => services.AddSingleton<ILogEventSink>(sink)));
        var caller = new ApiCaller(watched.CreateClient(), ApiServer.AdminKey);
        var step = await caller.StepAsync(Steps.Prefill(1, 2));
        var next = await caller.StepAsync(Steps.Next(step, 1));
        await caller.PostAsync(StipRoutes.Completions, Steps.Next(next, 1) with { Position = 99 });
        await UntilAsync(() => sink.LinesOfSteps.Length == 2);

        var steps = sink.LinesOfSteps;
        Assert.Equal(2, steps.Length);
        Assert.Contains(" 200 in ", steps[0], StringComparison.Ordinal);
        Assert.Contains(" 400 in ", steps[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_OfSettingsThatNameASinkAnEnricherAndAFormat_IsWrittenAsTheySay()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "log.json");
        const string Session = "sess_0123456789abcdef0123456789abcdef";
        var settings = new Dictionary<string, string?>
        {
            ["Serilog:MinimumLevel:Override:Microsoft"] = "Information",
            ["Serilog:Properties:Site"] = "here",
            ["Serilog:WriteTo:0:Name"] = "File",
            ["Serilog:WriteTo:0:Args:path"] = file,
            ["Serilog:WriteTo:0:Args:formatter"] =
                "Serilog.Formatting.Compact.CompactJsonFormatter, Serilog.Formatting.Compact",
        };
        using (var server = new ApiServer(("Serilog:MinimumLevel:Default", "Information")))
        using (var logging = server.WithWebHostBuilder(builder => builder.ConfigureAppConfiguration(
            (_, configuration) => configuration.AddInMemoryCollection(settings))))
        {
            await new ApiCaller(logging.CreateClient(), ApiServer.AdminKey)
                .SendAsync(HttpMethod.Delete, $"{StipRoutes.Sessions}/{Session}");
            await UntilAsync(() => File.ReadAllText(file).Contains("DELETE", StringComparison.Ordinal));
        }

        var lines = await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken);
        var line = Assert.Single(lines, line => line.Contains("\"Method\":\"DELETE\"", StringComparison.Ordinal));
        Assert.Contains("\"Site\":\"here\"", line, StringComparison.Ordinal);
        Assert.All(lines, one => Assert.DoesNotContain(Session, one, StringComparison.Ordinal));
    }

    // A request is logged after its answer has gone.
    private static async Task UntilAsync(Func<bool> isWritten)
    {
        for (var waiting = Stopwatch.StartNew(); !isWritten() && waiting.Elapsed < TimeSpan.FromSeconds(30);)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private sealed class CapturingSink : ILogEventSink
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public string[] LinesOfSteps =>
            [.. Lines.Where(line => line.Contains(StipRoutes.Completions, StringComparison.Ordinal))];

        public void Emit(LogEvent logEvent)
        {
            using var text = new StringWriter(CultureInfo.InvariantCulture);
            logEvent.RenderMessage(text, CultureInfo.InvariantCulture);
            foreach (var property in logEvent.Properties)
            {
                text.Write($" {property.Key}={property.Value}");
            }

            Lines.Enqueue(text.ToString().Replace("\"", "", StringComparison.Ordinal));
        }
    }
}
