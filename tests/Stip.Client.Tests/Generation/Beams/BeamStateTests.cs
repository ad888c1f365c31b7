using Stip.Client.Generation.Beams;

namespace Stip.Client.Tests.Generation.Beams;

/// <summary>The bookkeeping alone, against transformers' tables over random plain models.</summary>
public sealed class BeamStateTests
{
    private const int Vocab = 9;
    private static readonly int[] Prompt = [1, 2];

    public static TheoryData<int, double, BeamStopping, int> Searches()
    {
        var searches = new TheoryData<int, double, BeamStopping, int>();
        foreach (var stopping in Enum.GetValues<BeamStopping>())
        {
            foreach (var penalty in new[] { -1.0, 0, 0.6, 1, 2 })
            {
                searches.Add(2, penalty, stopping, 1);
                searches.Add(4, penalty, stopping, 2);
            }
        }

        return searches;
    }

    [Theory]
    [MemberData(nameof(Searches))]
    public void Search_OfAnyOptions_FindsWhatTransformersDoes(
        int beams, double penalty, BeamStopping stopping, int ends)
    {
        var options = new BeamOptions
        {
            Beams = beams,
            LengthPenalty = penalty,
            Stopping = stopping,
            Returned = beams,
        };
        for (var seed = 0; seed < 40; seed++)
        {
            var (model, most) = (seed, 1 + (seed % 8));
            int[] endIds = [.. Enumerable.Range(0, ends)];
            var expected = new ReferenceBeams(ids => Logits(model, ids), options, most, endIds).Search(Prompt);

            var state = new BeamState(options, most, givenTokens: 0, endIds);
            while (!state.IsDone)
            {
                state.Advance(
                [
                    .. state.Running.Select(beam =>
                    {
                        var row = Logits(model, [.. Prompt, .. beam.TokenIds]);
                        var sum = Math.Log(row.Sum(logit => Math.Exp(logit)));
                        return (IReadOnlyList<BeamCandidate>)[.. row
                            .Select((logit, id) => new BeamCandidate(id, logit - sum))
                            .OrderByDescending(next => next.LogProbability).Take(state.Candidates)];
                    }),
                ]);
            }

            Assert.Equal(
                expected.Select(answer => string.Join(',', answer.Ids)),
                state.Finished.Select(path => string.Join(',', path.TokenIds)));
            // Sums of the same numbers in the same order.
            Assert.All(
                expected.Zip(state.Finished),
                pair => Assert.Equal(pair.First.Score, pair.Second.Score, 1e-9));
        }
    }

    // The language that an answer is told to begin with is a token of it where scores are made.
    [Fact]
    public void Score_OfAnAnswerThatWasBegun_CountsWhatItBeganWith()
    {
        var state = new BeamState(new BeamOptions { Beams = 2, LengthPenalty = 1 }, 1, givenTokens: 1, [0]);

        state.Advance([[new BeamCandidate(0, -1), new BeamCandidate(3, -2)]]);

        Assert.True(state.IsDone);
        Assert.Equal([-0.5, -1], state.Finished.Select(path => path.Score));
    }

    // Distinct numbers, so that no order among equals is compared; sums of random ones do not meet either.
    private static float[] Logits(int seed, IReadOnlyList<int> ids)
    {
        var random = new Random(ids.Aggregate(seed, (mix, id) => (mix * 31) + id + 1));
        return [.. Enumerable.Range(0, Vocab).Select(id => (float)((random.NextDouble() * 4) + (id == 0 ? 1 : 0)))];
    }
}
