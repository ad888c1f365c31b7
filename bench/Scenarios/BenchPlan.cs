namespace Stip.Bench.Scenarios;

/// <summary>What is measured: which model, how many pairs, how many tokens a run.</summary>
internal sealed record BenchPlan(string Model, int Pairs, int Tokens, IReadOnlyList<int> Sessions);
