using System.Net.Http.Json;
using System.Text.Json;
using Stip.Client.Generation;
using Stip.Client.Generation.Beams;
using Stip.Client.Generation.Choices;
using Stip.Client.Sampling;
using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Faults;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.Protocol;
using Stip.Protocol.Models;
using Stip.Protocol.Sessions;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>Several answers and beams through a real server: sessions that were forked say what sessions of their own
/// say.</summary>
public sealed class SeveralAnswersTests(SharedServer shared, SequenceModels models)
{
    private const int Count = 5;
    private const int TokenCount = 16;
    private static readonly int[] Prompt = [52, 1585, 559, 264, 540];
    private static readonly int[] Source = [9, 4, 21, 30, 7, 1];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GenerateChoicesAsync_OfADecoder_GivesTheAnswersOfSessionsOfTheirOwn()
    {
        await EqualAsync(await shared.PushedAsync("stories"), Prompt);
    }

    // Beside an encoder the forks share what it made of the source.
    [Fact]
    public async Task GenerateChoicesAsync_OfASequence_GivesTheAnswersOfSessionsOfTheirOwn()
    {
        await EqualAsync((await models.GetAsync(shared.Server, "t5")).Package, Source);
    }

    [Theory]
    [InlineData(4, BeamStopping.Heuristic)]
    // More candidates than a list of the server holds: full rows.
    [InlineData(40, BeamStopping.First)]
    public async Task SearchAsync_OfADecoder_FindsAnswersOfTheirScoresThatAreNoWorseThanTheGreedyOne(
        int beams, BeamStopping stopping)
    {
        using var open = await shared.OpenAsync("stories");
        var options = new BeamOptions
        {
            Beams = beams,
            Returned = 3,
            MaxNewTokens = 8,
            IgnoreEndOfSequence = true,
            Stopping = stopping,
        };

        var found = await open.Model.SearchAsync(Prompt, options, null, Cancellation);

        Assert.Equal(3, found.Answers.Count);
        Assert.Equal(found.Answers.OrderByDescending(answer => answer.Score), found.Answers);
        foreach (var answer in found.Answers)
        {
            // Rows of a whole answer at once differ from those of single steps by float32 rounding, some 1e-6 a row.
            Assert.Equal(await ScoreAsync(open.Model, answer.TokenIds), answer.Score, 1e-4);
        }

        var greedy = await open.GreedyAsync(Prompt, 8, Cancellation);
        Assert.True(found.Answers[0].Score >= await ScoreAsync(open.Model, greedy) - 1e-4);
    }

    [Fact]
    public async Task SearchAsync_OfASequence_FindsAnAnswerThatIsNoWorseThanTheGreedyOne()
    {
        var model = await models.GetAsync(shared.Server, "t5");
        using var open = OpenModel.Open(shared.Server, model.Package);
        var options = new BeamOptions { MaxNewTokens = 6, IgnoreEndOfSequence = true };

        var found = await open.Model.SearchAsync(Source, options, null, Cancellation);

        Assert.Equal(6, Assert.Single(found.Answers).TokenIds.Count);
        var greedy = await open.GreedyAsync(Source, 6, Cancellation);
        Assert.Equal(await ScoreAsync(open.Model, found.Answers[0].TokenIds), found.Answers[0].Score, 1e-4);
        Assert.True(found.Answers[0].Score >= await ScoreAsync(open.Model, greedy) - 1e-4);
    }

    [Fact]
    public async Task Complete_WithChoicesAndWithBeams_PrintsThem()
    {
        using var several = await CompleteAsync("--choices", "3", "--temperature", "1", "--seed", "5", "--json");
        var root = several.RootElement;
        Assert.Equal(3, root.GetProperty("choices").GetArrayLength());
        Assert.Equal(24, root.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        using var first = await CompleteAsync("--temperature", "1", "--seed", "5", "--json");
        Assert.Equal(
            first.RootElement.GetProperty("text").GetString(),
            root.GetProperty("choices")[0].GetProperty("text").GetString());

        using var beams = await CompleteAsync(
            "--num-beams", "3", "--choices", "2", "--length-penalty", "0.5", "--early-stopping", "true", "--json");
        var found = beams.RootElement.GetProperty("choices").EnumerateArray().ToArray();
        Assert.Equal(2, found.Length);
        Assert.True(found[0].GetProperty("score").GetDouble() > found[1].GetProperty("score").GetDouble());

        var refused = await RunAsync("--num-beams", "3", "--temperature", "1");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("--num-beams", refused.Error, StringComparison.Ordinal);
    }

    private async Task EqualAsync(string package, int[] prompt)
    {
        // Others use the server at the same time: a key of its own sees its own sessions.
        using var admin = shared.Server.Http();
        var key = (await admin.CreateKeyAsync()).Value!;
        using var open = OpenModel.Open(shared.Server.Endpoint, key, package);
        var model = open.Model;
        var options = new GenerationOptions
        {
            MaxNewTokens = TokenCount,
            IgnoreEndOfSequence = true,
            Speculates = false,
            Sampling = new SamplingOptions { Temperature = 1.5f, Seed = 3 },
        };
        var choices = Enumerable.Range(0, Count).Select(_ => new List<int>()).ToArray();
        await foreach (var (choice, token) in model.GenerateChoicesAsync(
            prompt, [.. Enumerable.Range(0, Count).Select(options.OfChoice)], Cancellation))
        {
            choices[choice].Add(token.Id);
        }

        for (var i = 0; i < Count; i++)
        {
            List<int> alone = [];
            await foreach (var token in model.GenerateAsync(prompt, options.OfChoice(i), Cancellation))
            {
                alone.Add(token.Id);
            }

            Assert.Equal(alone, choices[i]);
        }

        Assert.True(choices.Select(ids => string.Join(',', ids)).Distinct().Count() > 1);
        using var http = shared.Server.Http(key);
        var left = await http.GetFromJsonAsync<ListObject<SessionObject>>(
            new Uri(StipRoutes.Sessions, UriKind.Relative), StipJson.Wire, Cancellation);
        Assert.Empty(left!.Data);
    }

    // By one step over everything.
    private static async Task<double> ScoreAsync(StipModel model, IReadOnlyList<int> answer)
    {
        var start = model.IsSequence ? model.StartIds() : Prompt;
        await using var session = model.IsSequence ? model.OpenSession(Source) : model.OpenSession();
        int[] all = [.. start, .. answer.SkipLast(1)];
        var rows = await session.ScoreAsync(all, Cancellation);
        return answer.Select((id, i) =>
        {
            var row = rows[start.Length - 1 + i].Values.ToArray();
            var most = row.Max();
            return row[id] - most - Math.Log(row.Sum(logit => Math.Exp(logit - most)));
        }).Sum() / answer.Count;
    }

    private async Task<JsonDocument> CompleteAsync(params string[] arguments)
    {
        var run = await RunAsync(arguments);
        Assert.True(run.ExitCode == 0, run.Error);
        return JsonDocument.Parse(run.Output);
    }

    private async Task<ProgramRun> RunAsync(params string[] arguments) => await ProgramRun.RunAsync(
        "Stip.Gateway",
        [
            "complete", "--bundle", Path.Combine(await shared.PushedAsync("stories"), "client"), "--endpoint",
            shared.Server.Endpoint.ToString(), "--api-key", shared.Server.ApiKey, "--max-tokens", "8", "--ignore-eos",
            .. arguments, "Once upon a time",
        ],
        cancellationToken: Cancellation);
}
