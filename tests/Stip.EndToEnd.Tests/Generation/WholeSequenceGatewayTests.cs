using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>A decoder without a cache behind the gateway's HTTP and its commands.</summary>
public sealed class WholeSequenceGatewayTests(SharedServer shared, WholeDecoders decoders)
{
    private const int TokenCount = 6;
    private const string Text = "the world";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Gateway_OfADecoderWithoutACache_CompletesAndChats()
    {
        var package = await decoders.PushedAsync(shared, WholeDecoders.All);
        using var open = OpenModel.Open(shared.Server, package);
        using var plain = new BareWholeDecoder(decoders.Plain);
        var tokenizer = open.Model.Bundle.Tokenizer!;
        await using var gateway = await ServedGateway.StartAsync(shared.Server, [package], Cancellation);

        var completed = await PostAsync(gateway, "completions", ("prompt", Text), ("n", 2));
        var chatted = await PostAsync(gateway, "chat/completions", ("messages", new JsonArray(
            new JsonObject { ["role"] = "user", ["content"] = Text })));
        using var streamed = await gateway.Http.PostAsJsonAsync(
            "completions", Body(("prompt", Text), ("stream", true)), Cancellation);

        var expected = Expected(tokenizer.Encode(Text, addSpecialTokens: true));
        Assert.Equal(expected, (string)completed["choices"]![0]!["text"]!);
        Assert.Equal(expected, (string)completed["choices"]![1]!["text"]!);
        Assert.Equal(
            Expected(tokenizer.Encode(Text + " ", addSpecialTokens: false)),
            (string)chatted["choices"]![0]!["message"]!["content"]!);
        Assert.Equal(TokenCount, (int)chatted["usage"]!["completion_tokens"]!);
        Assert.Equal(expected, string.Concat((await streamed.Content.ReadAsStringAsync(Cancellation)).Split('\n')
            .Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
            .Select(line => (string?)JsonNode.Parse(line["data: ".Length..])!["choices"]![0]!["text"])));

        string Expected(int[] prompt) => tokenizer.Decode(plain.Greedy(prompt, TokenCount));
    }

    [Fact]
    public async Task Complete_OfADecoderWithoutACache_WritesItsText()
    {
        var package = await decoders.PushedAsync(shared, WholeDecoders.Last);
        using var open = OpenModel.Open(shared.Server, package);
        using var plain = new BareWholeDecoder(decoders.Plain);
        string[] server =
        [
            "--bundle", package, "--endpoint", shared.Server.Endpoint.ToString(), "--api-key", shared.Server.ApiKey,
        ];

        var run = await ProgramRun.RunAsync(
            "Stip.Gateway",
            ["complete", .. server, "--max-tokens", $"{TokenCount}", "--ignore-eos", "--json", Text],
            cancellationToken: Cancellation);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            plain.Greedy(open.Model.Bundle.Tokenizer!.Encode(Text, addSpecialTokens: true), TokenCount),
            JsonNode.Parse(run.Output)!["token_ids"]!.AsArray().Select(id => (int)id!));

        // What it costs is said.
        var shown = await ProgramRun.RunAsync(
            "Stip.Gateway", ["bundle", "inspect", package], cancellationToken: Cancellation);
        Assert.Contains("a pass over all tokens so far", shown.Output, StringComparison.Ordinal);

        // There is nothing to embed with.
        var refused = await ProgramRun.RunAsync(
            "Stip.Gateway", ["embed", .. server, Text], cancellationToken: Cancellation);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("which generates text", refused.Error, StringComparison.Ordinal);
    }

    private static JsonObject Body(params (string Name, JsonNode? Value)[] fields)
    {
        var body = new JsonObject
        {
            ["model"] = WholeDecoders.All,
            ["max_tokens"] = TokenCount,
            ["temperature"] = 0,
            ["ignore_eos"] = true,
        };
        foreach (var (name, value) in fields)
        {
            body[name] = value;
        }

        return body;
    }

    private static async Task<JsonNode> PostAsync(
        ServedGateway gateway, string route, params (string Name, JsonNode? Value)[] fields)
    {
        using var answer = await gateway.Http.PostAsJsonAsync(route, Body(fields), Cancellation);
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }
}
