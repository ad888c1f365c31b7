using System.Text.Json;

namespace Stip.Gateway.Tests.OpenAi.Steps;

public sealed class StepFeedTests
{
    [Fact]
    public async Task Stream_StepsWanted_TellsWhatWasSentBesideTheText()
    {
        await using var gateway = await RunningGateway.StartAsync();
        gateway.ShowToken();

        var events = await gateway.StreamAsync("/v1/chat/completions", Request(includesSteps: true));

        var steps = events.SkipLast(1).Select(data => JsonDocument.Parse(data).RootElement)
            .Where(chunk => chunk.TryGetProperty("step", out _)).ToArray();
        Assert.All(steps, chunk => Assert.Equal(0, chunk.GetProperty("choices").GetArrayLength()));
        var first = steps[0].GetProperty("step");
        Assert.Equal(1, first.GetProperty("rounds").GetInt32());
        Assert.True(first.GetProperty("bytes_up").GetInt64() > 0);
        Assert.NotEmpty(first.GetProperty("rows").EnumerateArray());
        Assert.All(
            first.GetProperty("rows").EnumerateArray(),
            row => Assert.Equal(JsonValueKind.Null, row.GetProperty("true").ValueKind));
        Assert.Equal(6, steps[^1].GetProperty("step").GetProperty("tokens").GetInt32());
    }

    [Fact]
    public async Task Stream_StepsNotWanted_HasNone()
    {
        await using var gateway = await RunningGateway.StartAsync();

        var events = await gateway.StreamAsync("/v1/chat/completions", Request(includesSteps: false));

        Assert.DoesNotContain(events, data => data.Contains("\"step\"", StringComparison.Ordinal));
    }

    private static object Request(bool includesSteps) => new
    {
        model = "toy",
        stream = true,
        stream_options = new { include_steps = includesSteps },
        temperature = 0,
        max_tokens = 6,
        ignore_eos = true,
        messages = new[] { new { role = "user", content = "Which way?" } },
    };
}
