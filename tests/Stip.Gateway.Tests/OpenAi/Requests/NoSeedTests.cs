namespace Stip.Gateway.Tests.OpenAi.Requests;

public sealed class NoSeedTests
{
    // vLLM, llama.cpp and text-generation-webui mean by -1 that there is none, and of top_k that all are kept.
    [Fact]
    public async Task Post_SeedAndTopKOfMinusOne_DrawAnewFromAll()
    {
        await using var gateway = await RunningGateway.StartAsync();
        object Body(int seed) => new
        {
            model = "toy",
            seed,
            top_k = -1,
            temperature = 2,
            max_tokens = 16,
            ignore_eos = true,
            messages = new[] { new { role = "user", content = "Who?" } },
        };

        Assert.NotEqual(await TextAsync(Body(-1)), await TextAsync(Body(-1)));
        Assert.Equal(await TextAsync(Body(-2)), await TextAsync(Body(-2)));

        async Task<string?> TextAsync(object body)
        {
            var (status, answer) = await gateway.PostAsync("/v1/chat/completions", body);
            Assert.Equal(200, status);
            return answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
        }
    }
}
