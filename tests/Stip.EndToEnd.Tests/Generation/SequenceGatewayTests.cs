using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>Texts of encoders with decoders over the gateway's HTTP: choices, log probabilities, languages.</summary>
public sealed class SequenceGatewayTests(SharedServer shared, SequenceModels models)
{
    private const string Text = "a word";
    private const int TokenCount = 8;
    private const int English = 28;
    private const int French = 29;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // As Marian's.
    [Fact]
    public async Task Completions_WhereTheLanguageStandsBeforeTheText_AreAskedForInIt()
    {
        var model = await models.GetAsync(shared.Server, "t5");
        using var plain = new BareSequence(model.Plain);
        using var folder = new TemporaryFolder();
        using var open = OpenModel.Open(
            shared.Server, model.CopyClient(folder, "tokenizer.json", Tokens(">>eng<<", ">>fra<<")));
        await using var gateway = await ServedGateway.StartAsync(shared.Server, [folder.Path], Cancellation);
        int[] source = [French, .. open.Model.Bundle.Tokenizer!.Encode(Text, addSpecialTokens: true)];
        var expected = plain.Greedy(source, [0], TokenCount);

        var answer = await PostAsync(gateway, open, ("target_language", "fra"), ("n", 2), ("logprobs", 3));

        Assert.NotEqual(expected, plain.Greedy(source[1..], [0], TokenCount));
        Assert.Equal(2, answer["choices"]!.AsArray().Count);
        Assert.All(answer["choices"]!.AsArray(), choice => AssertAnswer(open, expected, choice!));
        Assert.Equal(source.Length, (int)answer["usage"]!["prompt_tokens"]!);
        Assert.Equal(
            "model 't5-permutation' is told no source language, 'eng' is one to translate to",
            await RefusalAsync(gateway, open, ("target_language", "fra"), ("source_language", "eng")));
        Assert.StartsWith(
            "'prompt' has token ids, which are taken as they are",
            await RefusalAsync(gateway, open, ("target_language", "fra"), ("prompt", new[] { 3, 4, 1 })),
            StringComparison.Ordinal);
    }

    // As NLLB's.
    [Fact]
    public async Task Completions_WhereTheAnswerBeginsWithItsLanguage_AreFramedInTheTextsOwn()
    {
        var model = await models.GetAsync(shared.Server, "mbart");
        using var plain = new BareSequence(model.Plain);
        using var folder = new TemporaryFolder();
        using var open = OpenModel.Open(
            shared.Server, model.CopyClient(folder, "tokenizer.json", Tokens("eng_Latn", "fra_Latn")));
        await using var gateway = await ServedGateway.StartAsync(shared.Server, [folder.Path], Cancellation);
        int[] source = [English, .. open.Model.Bundle.Tokenizer!.Encode(Text, addSpecialTokens: true)];

        var answer = await PostAsync(
            gateway, open, ("source_language", "eng_Latn"), ("target_language", "fra_Latn"), ("logprobs", 2));

        AssertAnswer(open, plain.Greedy(source, [0, French], TokenCount), answer["choices"]![0]!);
        Assert.Equal(
            "model 'mbart-permutation' has no language 'deu'; it has eng_Latn, fra_Latn",
            await RefusalAsync(gateway, open, ("target_language", "deu")));

        // The answer has two tokens in front, where it has a language.
        var room = open.Model.ContextLength - 1;
        Assert.StartsWith(
            $"{room + 2} tokens of an answer are more than the {room + 1} of",
            await RefusalAsync(gateway, open, ("target_language", "fra_Latn"), ("max_tokens", room)),
            StringComparison.Ordinal);
    }

    // The last two pieces but those of the model's words become languages.
    private static Action<JsonNode> Tokens(string english, string french) => tokenizer =>
    {
        foreach (var (id, text) in new[] { (English, english), (French, french) })
        {
            tokenizer["model"]!["vocab"]![id]![0] = text;
            var added = tokenizer["added_tokens"]![0]!.DeepClone();
            (added["id"], added["content"]) = (id, text);
            tokenizer["added_tokens"]!.AsArray().Add(added);
        }
    };

    private static void AssertAnswer(OpenModel open, int[] expected, JsonNode choice)
    {
        var listed = choice["logprobs"]!;
        Assert.Equal(open.Model.Bundle.Tokenizer!.Decode(expected), (string?)choice["text"]);
        Assert.Equal(TokenCount, listed["tokens"]!.AsArray().Count);
        Assert.Equal(
            Enumerable.Range(0, TokenCount).Select(i => open.Model.Bundle.Tokenizer.Decode(expected[..i]).Length),
            listed["text_offset"]!.AsArray().Select(offset => (int)offset!));
        Assert.All(listed["token_logprobs"]!.AsArray().Zip(listed["top_logprobs"]!.AsArray()), pair => Assert.Equal(
            pair.Second!.AsObject().Max(top => (double)top.Value!), (double)pair.First!));
    }

    private static async Task<string?> RefusalAsync(
        ServedGateway gateway, OpenModel open, params (string Name, object Value)[] more) =>
        (string?)(await PostAsync(gateway, open, more))["error"]?["message"];

    private static async Task<JsonNode> PostAsync(
        ServedGateway gateway, OpenModel open, params (string Name, object Value)[] more)
    {
        var body = new Dictionary<string, object>
        {
            ["model"] = open.Model.Id,
            ["prompt"] = Text,
            ["temperature"] = 0,
            ["ignore_eos"] = true,
            ["max_tokens"] = TokenCount,
        };
        foreach (var (name, value) in more)
        {
            body[name] = value;
        }

        using var answer = await gateway.Http.PostAsJsonAsync(
            new Uri("completions", UriKind.Relative), body, Cancellation);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!;
    }
}
