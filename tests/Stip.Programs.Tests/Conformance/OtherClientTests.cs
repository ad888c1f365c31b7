using System.Diagnostics;
using Stip.TestKit;
using Stip.TestKit.Scripted;

namespace Stip.Programs.Tests.Conformance;

/// <summary>The openai package under node, and curl; a tool that is missing skips its test by name.</summary>
[Collection(ModelsGatewayCollection.Name)]
public sealed class OtherClientTests(ModelsGateway gateway)
{
    private static readonly string Node = RepositoryRoot.At("tests", "Stip.Programs.Tests", "Conformance", "node");

    [Fact]
    public async Task NodePackage_EveryFeature_Works()
    {
        Assert.SkipUnless(IsOnPath("node"), "node is not on this machine");
        Assert.SkipUnless(
            Directory.Exists(Path.Combine(Node, "node_modules", "openai")),
            "the npm package openai is not installed: npm install in tests/Stip.Programs.Tests/Conformance/node");

        var (exitCode, output) = await RunAsync(
            "node", Path.Combine(Node, "conformance.mjs"), gateway.BaseUrl.ToString(), "stories", "digits-llava",
            "stories-sentence", Path.Combine(KnownCheckpoints.Folder("digits-llava"), "images", "1.png"),
            AgentModel.Name);

        Assert.True(exitCode == 0, output);
        Assert.Equal(24, output.Split('\n').Count(line => line.EndsWith(": ok", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("models", null, "\"id\":\"stories\"", 200)]
    [InlineData("chat/completions", "CHAT", "A CROW having stolen a bit of meat", 200)]
    [InlineData("chat/completions", "CHAT STREAM", "data: [DONE]", 200)]
    [InlineData("responses", """{"model":"stories","input":"Hello","max_output_tokens":4}""", "output_text", 200)]
    [InlineData("embeddings", """{"model":"stories-sentence","input":"A fox"}""", "\"embedding\":[", 200)]
    [InlineData("chat/completions", """{"model":"nobody","messages":[]}""", "\"model_not_found\"", 404)]
    [InlineData("chat/completions", """{"model":""", "\"error\":{", 400)]
    public async Task Curl_OneRequest_AnswersAsOpenAiDoes(string route, string? body, string said, int status)
    {
        Assert.SkipUnless(IsOnPath("curl"), "curl is not on this machine");
        string[] post = body is null ? [] : ["-H", "Content-Type: application/json", "-d", Body(body)];

        var (exitCode, output) = await RunAsync(
            "curl", ["-sS", "-w", "\n%{http_code}", $"{gateway.BaseUrl}/{route}", .. post]);

        Assert.Equal(0, exitCode);
        Assert.Contains(said, output, StringComparison.Ordinal);
        Assert.EndsWith($"\n{status}", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Curl_GivenUp_LeavesTheGatewayWell()
    {
        Assert.SkipUnless(IsOnPath("curl"), "curl is not on this machine");
        string[] post = ["-H", "Content-Type: application/json", "-d"];
        var url = $"{gateway.BaseUrl}/chat/completions";
        const string endless = """
            {"model":"stories","stream":true,"ignore_eos":true,"max_tokens":900,
            "messages":[{"role":"user","content":"Tell me the fable of The Fox and the Crow."}]}
            """;

        var (givenUp, _) = await RunAsync("curl", ["-sS", "--max-time", "0.3", url, .. post, endless]);
        var (exitCode, output) = await RunAsync("curl", ["-sS", url, .. post, Body("CHAT")]);

        Assert.Equal(28, givenUp); // curl's word for time over
        Assert.Equal(0, exitCode);
        Assert.Contains("A CROW having stolen a bit of meat", output, StringComparison.Ordinal);
    }

    private static string Body(string body)
    {
        const string chat = """
            "model":"stories","temperature":0,
            "messages":[{"role":"user","content":"Tell me the fable of The Fox and the Crow."}]
            """;
        return body switch
        {
            "CHAT" => $"{{{chat}}}",
            "CHAT STREAM" => $"{{{chat},\"stream\":true}}",
            _ => body,
        };
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
