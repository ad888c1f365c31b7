using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Generation.Beams;
using Stip.Client.Grammars;
using Stip.Client.Sampling;
using Stip.Client.Transport;
using Stip.TestKit;
using Stip.TestKit.Toys;

namespace Stip.Client.Tests.Generation.Beams;

/// <summary>Beam search with penalties and grammars, each beam with its own: one beam is the greedy answer, and beams
/// enough for every way find what trying every way does.</summary>
public sealed class ConstrainedSearchTests : IDisposable
{
    private const int End = 0;
    private const int MostTokens = 7;
    private static readonly string[] Tokens = ["<end>", "\"", "a", "b", "c", "ab", "bc", "abc", "[", "]", ","];
    private static readonly int[] Prompt = [2, 3, 2];
    private static readonly TokenGrammar Words = TokenGrammar.JsonSchema(JsonSerializer.Deserialize<JsonElement>(
        """{"type":"string","enum":["abc","cab","bcab","aa"]}"""));

    private static readonly string[] Allowed = ["\"abc\"", "\"cab\"", "\"bcab\"", "\"aa\""];

    private readonly TemporaryFolder _folder = new();
    private readonly ToyModel _toy = new(Tokens.Length);
    private readonly ToyServer _server;
    private readonly StipHttpClient _client;
    private readonly StipModel _model;

    public ConstrainedSearchTests()
    {
        _server = new ToyServer(_toy, maxTopK: Tokens.Length);
        ToyBundle.Write(_folder.Path, _toy);
        File.WriteAllText(_folder.At("tokenizer.json"), Tokenizer().ToJsonString());
        var options = new StipHttpClientOptions();
        _client = new StipHttpClient(
            StipConnection.Open(new Uri("http://toy.test"), "key", options, _server), options);
        _model = new StipModel(Bundle.Open(_folder.Path), _client);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _client.Dispose();
        _model.Bundle.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(1.0f, 0f, 0f, true)]
    [InlineData(1.5f, 0f, 0f, false)]
    [InlineData(0.8f, 0f, 0f, false)]
    [InlineData(1f, 1.5f, 0.5f, false)]
    [InlineData(1f, -2f, 0f, false)]
    [InlineData(1.3f, 0.5f, 0.25f, true)]
    public async Task SearchAsync_WithOneBeam_IsTheGreedyAnswer(
        float repetition, float presence, float frequency, bool hasGrammar)
    {
        var grammar = hasGrammar ? Words : null;
        foreach (var prompt in new int[][] { [2], [3, 2], [4, 4, 5, 3], [1, 6] })
        {
            var greedy = new List<int>();
            await foreach (var token in _model.GenerateAsync(
                prompt,
                new GenerationOptions
                {
                    MaxNewTokens = MostTokens,
                    Grammar = grammar,
                    Sampling = new SamplingOptions
                    {
                        Temperature = 0,
                        RepetitionPenalty = repetition,
                        PresencePenalty = presence,
                        FrequencyPenalty = frequency,
                    },
                },
                Cancellation))
            {
                greedy.Add(token.Id);
            }

            var found = await _model.SearchAsync(
                prompt,
                new BeamOptions
                {
                    Beams = 1,
                    Stopping = BeamStopping.First,
                    MaxNewTokens = MostTokens,
                    RepetitionPenalty = repetition,
                    PresencePenalty = presence,
                    FrequencyPenalty = frequency,
                    Grammar = grammar,
                },
                null,
                Cancellation);

            Assert.Equal(greedy, found.Answers[0].TokenIds);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task SearchAsync_GrammarThatTheVocabularyCannotWrite_IsRefused(int beams)
    {
        var options = new BeamOptions { Beams = beams, MaxNewTokens = MostTokens, Grammar = TokenGrammar.JsonObject };

        var refused = await Assert.ThrowsAsync<BundleException>(
            () => _model.SearchAsync(Prompt, options, null, Cancellation));

        Assert.Contains("model 'toy' has no token", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, _server.SessionCount);
    }

    [Theory]
    [InlineData(1f, 0f, 1.0)]
    [InlineData(1.4f, 0.3f, 1.0)]
    [InlineData(1.4f, 0.3f, 0.0)]
    public async Task SearchAsync_WithAGrammarAndBeamsEnough_FindsWhatTryingEveryTextDoes(
        float repetition, float frequency, double lengthPenalty)
    {
        var expected = Every([], 0, repetition, frequency)
            .Select(found => (found.Ids, Score: found.Sum / Math.Pow(found.Ids.Length, lengthPenalty)))
            .OrderByDescending(found => found.Score).Take(3).ToArray();

        var found = await _model.SearchAsync(
            Prompt,
            new BeamOptions
            {
                Beams = BeamOptions.MostBeams,
                Returned = expected.Length,
                LengthPenalty = lengthPenalty,
                Stopping = BeamStopping.Never,
                MaxNewTokens = MostTokens,
                RepetitionPenalty = repetition,
                FrequencyPenalty = frequency,
                Grammar = Words,
            },
            null,
            Cancellation);

        Assert.Equal(
            expected.Select(answer => string.Join(' ', answer.Ids)),
            found.Answers.Select(answer => string.Join(' ', answer.TokenIds)));
        // The penalties are float32, as where one answer is chosen.
        Assert.All(
            expected.Zip(found.Answers), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 1e-5));
        Assert.All(found.Answers, answer => Assert.Contains(answer.Text, Allowed));
    }

    [Fact]
    public async Task SearchAsync_WithPenalties_AsksForNoMoreThanTheyCanLower()
    {
        using var toy = new ToyModelFixture(maxTopK: 16);
        var options = new BeamOptions { Beams = 3, MaxNewTokens = 4, RepetitionPenalty = 1.2f };

        var lists = await toy.Model.SearchAsync(Prompt, options, null, Cancellation);

        // Two continuations of each of three beams, two tokens of the prompt, and those of the answer so far.
        Assert.Equal(8, toy.Server.Steps[0].Logits!.TopK);
        Assert.All(toy.Server.Steps, step => Assert.InRange(step.Logits!.TopK ?? 0, 8, 11));
        using var whole = new ToyModelFixture(maxTopK: 0);
        var rows = await whole.Model.SearchAsync(Prompt, options, null, Cancellation);
        Assert.Equal(rows.Answers[0].TokenIds, lists.Answers[0].TokenIds);
        // The toy's log-sum-exp is a double of float exponentials.
        Assert.Equal(rows.Answers[0].Score, lists.Answers[0].Score, 1e-5);
    }

    // Written down anew: every way to say one of the texts, whole rows, penalties token by token.
    private IEnumerable<(int[] Ids, double Sum)> Every(int[] ids, double sum, float repetition, float frequency)
    {
        var text = string.Concat(ids.Select(id => Tokens[id]));
        if (Allowed.Contains(text))
        {
            yield return (ids, sum);
            yield break;
        }

        if (ids.Length == MostTokens)
        {
            yield break;
        }

        int[] context = [.. Prompt, .. ids];
        var row = _toy.Logits(context);
        var all = Math.Log(row.Sum(logit => Math.Exp(logit)));
        for (var id = End + 1; id < Tokens.Length; id++)
        {
            if (!Allowed.Any(word => word.StartsWith(text + Tokens[id], StringComparison.Ordinal)))
            {
                continue;
            }

            var logit = (double)row[id];
            logit = !context.Contains(id) ? logit : logit < 0 ? logit * repetition : logit / repetition;
            logit -= frequency * ids.Count(other => other == id);
            foreach (var found in Every([.. ids, id], sum + logit - all, repetition, frequency))
            {
                yield return found;
            }
        }
    }

    private static JsonObject Tokenizer()
    {
        var vocabulary = new JsonObject();
        foreach (var (id, token) in Tokens.Index())
        {
            vocabulary[token] = id;
        }

        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(new JsonObject
            {
                ["id"] = End,
                ["content"] = Tokens[End],
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = true,
            }),
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false },
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray("a b", "b c", "ab c"),
            },
        };
    }
}
