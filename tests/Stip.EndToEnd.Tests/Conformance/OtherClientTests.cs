using System.Diagnostics;
using Stip.TestKit;

namespace Stip.EndToEnd.Tests.Conformance;

/// <summary>The openai package under node, and curl; a tool that is missing skips its test by name.</summary>
public sealed class OtherClientTests(GatewayProcess gateway) : IClassFixture<GatewayProcess>
{
    private static readonly string Node = RepositoryRoot.At("tests", "Stip.EndToEnd.Tests", "Conformance", "node");

    [Fact]
    public async Task NodePackage_EveryFeature_Works()
    {
        Assert.SkipUnless(IsOnPath("node"), "node is not on this machine");
        Assert.SkipUnless(
            Directory.Exists(Path.Combine(Node, "node_modules", "openai")),
            "the npm package openai is not installed: npm install in tests/Stip.EndToEnd.Tests/Conformance/node");

        var (exitCode, output) = await RunAsync(
            "node", Path.Combine(Node, "conformance.mjs"), gateway.BaseUrl.ToString(), "stories");

        Assert.True(exitCode == 0, output);
        Assert.Equal(12, output.Split('\n').Count(line => line.EndsWith(": ok", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Curl_Chat_PrintsTheFable()
    {
        Assert.SkipUnless(IsOnPath("curl"), "curl is not on this machine");
        const string body = """
            {"model":"stories","temperature":0,
            "messages":[{"role":"user","content":"Tell me the fable of The Fox and the Crow."}]}
            """;

        var (exitCode, output) = await RunAsync(
            "curl", "-sS", $"{gateway.BaseUrl}/chat/completions", "-H", "Content-Type: application/json", "-d", body);

        Assert.Equal(0, exitCode);
        Assert.Contains("A CROW having stolen a bit of meat", output, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + error);
    }

    private static bool IsOnPath(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, tool)));
}
