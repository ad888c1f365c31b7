namespace Stip.Api.Endpoints;

/// <summary>What the request log may say of a step.</summary>
internal sealed record StepTrace(string Model, int RowCount, string? SessionId);
