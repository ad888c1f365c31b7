namespace Stip.Api.Endpoints.Authentication;

/// <summary>The scope that an endpoint asks for, as metadata.</summary>
internal sealed record RequiredScope(string Scope);
