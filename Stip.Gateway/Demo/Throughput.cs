using Stip.Client.Generation;

namespace Stip.Gateway.Demo;

/// <summary>Tokens a second of both models on the same server, in turns so that the machine's mood hits both.</summary>
/// <param name="Protected">Tokens a second of the fastest run, which other programs disturbed least.</param>
/// <param name="Plain">The same of the unprotected model.</param>
/// <param name="ProtectedRuns">What each run of the protected model cost.</param>
internal sealed record Throughput(double Protected, double Plain, IReadOnlyList<GenerationUsage> ProtectedRuns)
{
    private const int PairCount = 15;
    private const int TokensOfARun = 40;

    public static async Task<Throughput> MeasureAsync(
        StipModel protectedModel, StipModel plainModel, int[] prompt, CancellationToken cancellationToken)
    {
        var (ours, theirs) = (new double[PairCount], new double[PairCount]);
        var usages = new List<GenerationUsage>();
        for (var i = 0; i < PairCount; i++)
        {
            if (i % 2 == 0)
            {
                ours[i] = await RateAsync(protectedModel, prompt, usages.Add, cancellationToken);
                theirs[i] = await RateAsync(plainModel, prompt, null, cancellationToken);
            }
            else
            {
                theirs[i] = await RateAsync(plainModel, prompt, null, cancellationToken);
                ours[i] = await RateAsync(protectedModel, prompt, usages.Add, cancellationToken);
            }
        }

        return new(ours.Max(), theirs.Max(), usages);
    }

    private static async Task<double> RateAsync(
        StipModel model, int[] prompt, Action<GenerationUsage>? note, CancellationToken cancellationToken)
    {
        var options = new GenerationOptions { MaxNewTokens = TokensOfARun, IgnoreEndOfSequence = true };
        var start = TimeProvider.System.GetTimestamp();
        var answer = await DemoAnswer.AskAsync(model, prompt, options, _ => { }, cancellationToken);
        var rate = TokensOfARun / TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        note?.Invoke(answer.Usage);
        return rate;
    }
}
