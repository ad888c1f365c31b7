namespace Stip.Bench.Scenarios;

/// <summary>Tokens a second.</summary>
internal readonly record struct Rates(double Prefill, double Decode);
