using System.Text.Json;
using Stip.EndToEnd.Kit;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.Programs.Tests.Commands;

/// <summary>The gateway's command line against a real server.</summary>
public sealed class GatewayCommandTests(SharedServer shared)
{
    private const string Program = "Stip.Gateway";

    [Fact]
    public async Task Complete_Json_IsOneDocumentWithTheReferenceTokens()
    {
        var reference = ReferenceCase.Load(KnownCheckpoints.Folder("stories"))[0];

        var run = await GatewayAsync(
            "complete", "--json", "--temperature", "0", "--ignore-eos", "--max-tokens", "24",
            "Once upon a time there was a king");

        Assert.Equal(0, run.ExitCode);
        using var document = JsonDocument.Parse(run.Output);
        var root = document.RootElement;
        Assert.Equal(
            ["text", "token_ids", "finish_reason", "usage", "rounds", "bytes_sent", "bytes_received"],
            root.EnumerateObject().Select(member => member.Name));
        Assert.Equal(
            reference.Generated.Take(24), root.GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt64()));
        Assert.Equal("length", root.GetProperty("finish_reason").GetString());
        Assert.Equal(9, root.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(24, root.GetProperty("rounds").GetInt32());
    }

    [Fact]
    public async Task Chat_OneQuestion_PrintsTheFable()
    {
        var run = await GatewayAsync("chat", "Tell me the fable of The Fox and the Crow.");

        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("A CROW having stolen a bit of meat", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_StopString_EndsBeforeIt()
    {
        var run = await GatewayAsync("chat", "--stop", "perched", "Tell me the fable of The Fox and the Crow.");

        Assert.Equal("A CROW having stolen a bit of meat, ", run.Output.TrimEnd('\n'));
    }

    [Theory]
    [InlineData("correct horse battery", 0, "")]
    [InlineData("another passphrase", 1, "passphrase")]
    public async Task Complete_OfASealedFile_IsThatOfItsFolderAndLeavesNothing(
        string passphrase, int exitCode, string refusal)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("temporary"));
        var bundle = Path.Combine(await shared.PushedAsync("stories"), "client");
        var sealing = await ProgramRun.RunAsync(
            Program, ["bundle", "seal", "--bundle", bundle, "--output", folder.At("stories.sealed")],
            environment: new Dictionary<string, string> { ["STIP_PASSPHRASE"] = "correct horse battery" },
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(sealing.ExitCode == 0, sealing.Error);

        var run = await ProgramRun.RunAsync(
            Program,
            [
                "complete", "--max-tokens", "5", "--bundle", folder.At("stories.sealed"),
                "--endpoint", shared.Server.Endpoint.ToString(), "--api-key", shared.Server.ApiKey, "Once upon a time",
            ],
            environment: new Dictionary<string, string>
            {
                ["STIP_PASSPHRASE"] = passphrase,
                ["TMPDIR"] = folder.At("temporary"),
            },
            cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(refusal, run.Error, StringComparison.Ordinal);
        Assert.Equal(exitCode == 0 ? " the young man, and" : "", run.Output.TrimEnd('\n'));
        Assert.Empty(Directory.GetDirectories(folder.At("temporary")));
    }

    [Theory]
    [InlineData(1, "invalid_api_key", "--api-key", "wrong")]
    [InlineData(1, "cannot be reached", "--endpoint", "http://127.0.0.1:1")]
    [InlineData(1, "context", "--max-tokens", "5")]
    [InlineData(1, "export.json", "--draft", "somewhere")]
    [InlineData(2, "--temperature -1 is outside 0..100", "--temperature", "-1")]
    [InlineData(2, "--endpoint 'nowhere'", "--endpoint", "nowhere")]
    public async Task Complete_BadInput_IsOneLineAndItsExitCode(
        int exitCode, string expected, string option, string value)
    {
        var prompt = expected == "context" ? string.Concat(Enumerable.Repeat("and so on ", 800)) : "Once";

        var run = await GatewayAsync("complete", option, value, prompt);

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.True(exitCode == 2 || run.Error.Trim().Split('\n').Length == 1, run.Error);
        Assert.True(exitCode == 2 || run.Output.Length == 0, run.Output);
    }

    private async Task<ProgramRun> GatewayAsync(string command, params string[] arguments)
    {
        var bundle = Path.Combine(await shared.PushedAsync("stories"), "client");
        string[] connection = ["--bundle", bundle];
        if (!arguments.Contains("--endpoint"))
        {
            connection = [.. connection, "--endpoint", shared.Server.Endpoint.ToString()];
        }

        if (!arguments.Contains("--api-key"))
        {
            connection = [.. connection, "--api-key", shared.Server.ApiKey];
        }

        return await ProgramRun.RunAsync(
            Program, [command, .. connection, .. arguments], cancellationToken: TestContext.Current.CancellationToken);
    }
}
