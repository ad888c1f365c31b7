using Stip.EndToEnd.Kit;
using Stip.TestKit;

namespace Stip.Programs.Tests.Samples;

/// <summary>The programs of samples/, as a reader would run them, against the golden tokens.</summary>
public sealed class SampleProgramTests(SharedServer shared)
{
    private const int Steps = 8;

    [Theory]
    [InlineData("sh", "curl/complete.sh", "stories")]
    [InlineData("python3", "python/complete.py", "stories")]
    [InlineData("python3", "python/complete.py", "stories-gpt2")]
    [InlineData("node", "javascript/complete.mjs", "stories")]
    [InlineData("node", "javascript/complete.mjs", "stories-gpt2")]
    public async Task Complete_GoldenPrompt_PrintsTheGoldenTokens(string tool, string script, string model)
    {
        var reference = ReferenceCase.Load(KnownCheckpoints.Folder(model))[0];
        var ids = reference.InputIds.Select(id => $"{id}");
        var run = await RunAsync(tool, script, model, ["--steps", $"{Steps}", .. ids]);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(string.Join(' ', reference.Generated.Take(Steps)), run.Output);
    }

    [Theory]
    [InlineData("sh", "curl/complete.sh")]
    [InlineData("python3", "python/complete.py")]
    [InlineData("node", "javascript/complete.mjs")]
    public async Task Complete_BadInput_IsRefused(string tool, string script)
    {
        var outside = await RunAsync(tool, script, "stories", ["99999"]);
        Assert.Equal(1, outside.ExitCode);
        Assert.EndsWith("allowed is 0 to 2047", outside.Error, StringComparison.Ordinal);

        var otherKey = await RunAsync(tool, script, "stories", ["--api-key", "stip_wrong", "1"]);
        Assert.Equal(1, otherKey.ExitCode);
        Assert.Contains("invalid_api_key", otherKey.Error, StringComparison.Ordinal);

        Assert.Equal(2, (await RunAsync(tool, script, "stories", [])).ExitCode);
    }

    [Fact]
    public async Task CurlSample_ModelWithPositions_SaysWhereToLook()
    {
        var run = await RunAsync("sh", "curl/complete.sh", "stories-gpt2", ["1"]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("adds position embeddings", run.Error, StringComparison.Ordinal);
    }

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string tool, string script, string model, string[] arguments)
    {
        var bundle = Path.Combine(await shared.PushedAsync(model), "client");
        return await SampleProgram.RunAsync(
            tool,
            script,
            [
                "--endpoint", shared.Server.Endpoint.ToString(), "--bundle", bundle,
                "--api-key", shared.Server.ApiKey, .. arguments,
            ],
            TestContext.Current.CancellationToken);
    }
}
