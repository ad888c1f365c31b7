using System.Net.WebSockets;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Completions;

namespace Stip.Api.Tests.Endpoints;

public sealed class MetricsTests(TinyServer tiny) : IClassFixture<TinyServer>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A server of its own names its model as nobody else does: meters are seen by every server of a process.
    /// </summary>
    [Fact]
    public async Task Metrics_AfterSteps_CountThemInPrometheusForm()
    {
        const string Model = "metered";
        using var server = new ApiServer();
        new TinyDecoder(Model: Model).WriteTo(server.PackageFolder(Model));
        var caller = server.Caller();
        var step = await caller.StepAsync(Steps.Prefill(1, 3) with { Model = Model });
        await caller.StepAsync(Steps.Next(step, 1) with { Model = Model });
        using var refused = await caller.PostAsync(
            StipRoutes.Completions, Steps.Next(step, 1) with { Model = Model, Position = 9 });
        var text = await ReadAsync(caller);
        foreach (var name in new[]
        {
            "stip_prompt_tokens_total", "stip_generation_tokens_total", "stip_num_sessions",
            "stip_num_requests_waiting", "stip_request_queue_time_seconds_bucket",
            "stip_request_prefill_time_seconds_sum", "stip_request_decode_time_seconds_count",
            "stip_time_to_first_token_seconds_count", "stip_num_requests_running", "stip_num_slots",
            "stip_inter_token_latency_seconds_bucket", "stip_cache_used_bytes", "stip_cache_limit_bytes",
        })
        {
            Assert.Contains(name, text, StringComparison.Ordinal);
        }

        Assert.Matches("stip_num_requests_running{[^}]*model_name=\"metered\"[^}]*} 0", text);
        Assert.Matches("stip_num_slots{[^}]*model_name=\"metered\"[^}]*} 256", text);
        Assert.Matches("stip_inter_token_latency_seconds_count{[^}]*model_name=\"metered\"[^}]*} 1", text);
        Assert.Contains("model_name=\"metered\"", text, StringComparison.Ordinal);
        Assert.Contains("code=\"position_ahead\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain(step.SessionId!, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusals_WhoeverSaysNo_AreCountedOnceEach()
    {
        const string Model = "counted";
        using var server = new ApiServer();
        new TinyDecoder(Model: Model).WriteTo(server.PackageFolder(Model));
        var caller = server.Caller();
        var good = Steps.Prefill(1, 2) with { Model = Model };
        var step = await caller.StepAsync(good);
        CompletionRequest[] bad =
        [
            good with { Position = 9, SessionId = step.SessionId },
            good with { PromptEmbeds = good.PromptEmbeds with { Shape = [1, 7] } },
            good with { PromptEmbeds = good.PromptEmbeds with { Dtype = "int64" } },
            good with { PromptEmbeds = Steps.Filled(float.NaN) },
        ];
        foreach (var request in bad)
        {
            using var refused = await caller.PostAsync(StipRoutes.Completions, request);
            Assert.False(refused.IsSuccessStatusCode);
        }

        using var forward = await caller.PostAsync(
            StipRoutes.Forward, TinyEncoder.Request(1, 2) with { Model = Model });
        using var nobody = await server.Caller("nobody").PostAsync(StipRoutes.Completions, good);
        using var nowhere = await caller.PostAsync(StipRoutes.Completions, good with { Model = "no-such-model" });
        var text = await ReadAsync(caller);
        foreach (var code in new[]
        {
            "position_ahead", "shape_mismatch", "unsupported_dtype", "non_finite_input", "unsupported_parameter",
        })
        {
            Assert.Matches(
                "stip_request_refusals_total{[^}]*(model_name=\"counted\"[^}]*code=\"" + code
                + "\"|code=\"" + code + "\"[^}]*model_name=\"counted\")[^}]*} 1(\\D|$)", text);
        }

        Assert.Contains("code=\"invalid_api_key\"", text, StringComparison.Ordinal);
        Assert.Contains("code=\"model_not_found\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("no-such-model", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusals_OfAWebSocket_AreCountedOnceEachToo()
    {
        const string Model = "streamed";
        using var server = new ApiServer();
        new TinyDecoder(Model: Model).WriteTo(server.PackageFolder(Model));
        _ = server.Services;
        var client = server.Server.CreateWebSocketClient();
        client.ConfigureRequest = request => request.Headers.Authorization = $"Bearer {ApiServer.AdminKey}";
        using (var socket = await client.ConnectAsync(
            new Uri(server.Server.BaseAddress, StipRoutes.CompletionStream), Cancellation))
        {
            var good = Steps.Prefill(1, 2) with { Model = Model };
            foreach (var bad in new[]
            {
                good with { PromptEmbeds = Steps.Filled(float.NaN) }, good with { Position = 3 },
                good with { SessionId = "sess_nope", Position = 0 },
            })
            {
                await socket.SendAsync(
                    await Steps.Safetensors(bad).ReadAsByteArrayAsync(Cancellation), WebSocketMessageType.Binary, true,
                    Cancellation);
                var answer = await socket.ReceiveAsync(new byte[4096], Cancellation);
                Assert.Equal(WebSocketMessageType.Text, answer.MessageType);
            }
        }

        var text = await ReadAsync(server.Caller());
        foreach (var code in new[] { "non_finite_input", "position_ahead", "session_lost" })
        {
            Assert.Matches(
                "stip_request_refusals_total{[^}]*(model_name=\"streamed\"[^}]*code=\"" + code
                + "\"|code=\"" + code + "\"[^}]*model_name=\"streamed\")[^}]*} 1(\\D|$)", text);
        }
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
