namespace Stip.Protocol.Sessions;

/// <summary>Body of <c>POST /v1/permuted/sessions</c>: reserves a cache before the first row is sent.</summary>
/// <param name="Model">Id of the model.</param>
/// <param name="MaxLength">Longest cache, in tokens; null means the model's context length.</param>
public sealed record SessionCreateRequest(string Model, int? MaxLength = null);
