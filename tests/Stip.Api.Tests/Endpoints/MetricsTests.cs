using Stip.Api.Tests.Hosting;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;

namespace Stip.Api.Tests.Endpoints;

public sealed class MetricsTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Metrics_AfterSteps_CountThemInPrometheusForm()
    {
        var caller = tiny.Server.Caller();
        var step = await caller.StepAsync(Steps.Prefill(1, 3));
        await caller.StepAsync(Steps.Next(step, 1));
        using var refused = await caller.PostAsync(StipRoutes.Completions, Steps.Next(step, 1) with { Position = 9 });
        var text = await ReadAsync(caller);
        foreach (var name in new[]
        {
            "stip_prompt_tokens_total", "stip_generation_tokens_total", "stip_num_sessions",
            "stip_num_requests_waiting", "stip_request_queue_time_seconds_bucket",
            "stip_request_prefill_time_seconds_sum", "stip_request_decode_time_seconds_count",
            "stip_time_to_first_token_seconds_count", "stip_num_requests_running", "stip_num_slots",
            "stip_inter_token_latency_seconds_bucket",
        })
        {
            Assert.Contains(name, text, StringComparison.Ordinal);
        }

        Assert.Matches("stip_num_requests_running{[^}]*model_name=\"tiny\"[^}]*} 0", text);
        Assert.Matches("stip_num_slots{[^}]*model_name=\"tiny\"[^}]*} 256", text);
        Assert.Matches("stip_inter_token_latency_seconds_count{[^}]*model_name=\"tiny\"[^}]*} 1", text);
        Assert.Contains("model_name=\"tiny\"", text, StringComparison.Ordinal);
        Assert.Contains("code=\"position_ahead\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain(step.SessionId!, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_ForAUsersKey_AreRefused()
    {
        var key = await tiny.Server.Caller().PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("user", [ApiKeyScopes.Infer]));
        using var answer = await tiny.Server.Caller(key.Value).SendAsync(HttpMethod.Get, StipRoutes.Metrics);
        await ApiCaller.RefusedAsync(answer, 403, "insufficient_scope");
    }

    private static async Task<string> ReadAsync(ApiCaller caller)
    {
        using var answer = await caller.SendAsync(HttpMethod.Get, StipRoutes.Metrics);
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True(answer.IsSuccessStatusCode, text);
        return text;
    }
}
