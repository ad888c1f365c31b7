using Stip.Bench.Measuring;
using Stip.Bench.Serving;

namespace Stip.Bench.Scenarios;

/// <summary>What is measured: which model, how many pairs, how many tokens a run, and which comparisons.</summary>
internal sealed record BenchPlan(
    string Model, int Pairs, int Tokens, IReadOnlyList<int> Sessions, bool Batching, bool Figures)
{
    private bool IsLoad => Sessions.Count > 0 || Batching;

    /// <summary>False where only the server's own figures are wanted.</summary>
    public bool HasComparisons => IsLoad || !Figures;

    public IAsyncEnumerable<Comparison> RunAsync(ServedPair served, CancellationToken cancellationToken) => IsLoad
        ? LoadAsync(served, cancellationToken)
        : Comparisons.RunAsync(served, this, cancellationToken);

    private IAsyncEnumerable<Comparison> LoadAsync(ServedPair served, CancellationToken cancellationToken)
    {
        var load = LoadComparisons.ServedAsync(served, this, cancellationToken);
        return Batching ? load.Concat(LoadComparisons.BatchedAsync(served, this, cancellationToken)) : load;
    }
}
