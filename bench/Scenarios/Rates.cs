namespace Stip.Bench.Scenarios;

/// <summary>Tokens a second.</summary>
internal readonly record struct Rates(double Prefill, double Decode)
{
    /// <summary>Processor time of the client, in milliseconds a decoded token; 0 where it was not measured.</summary>
    public double ClientMs { get; init; }

    /// <summary>Processor time of the server, in milliseconds a decoded token; 0 where it was not measured.</summary>
    public double ServerMs { get; init; }
}
