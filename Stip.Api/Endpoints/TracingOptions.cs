namespace Stip.Api.Endpoints;

/// <summary>What <c>Stip:Api</c> says of traces.</summary>
internal sealed class TracingOptions
{
    public const string Section = "Stip:Api";

    /// <summary>Address of an OTLP collector; none are sent without it.</summary>
    public string? OtlpEndpoint { get; set; }
}
