namespace Stip.Protocol.ApiKeys;

/// <summary>Body of <c>POST /v1/api_keys/{id}/rotate</c>.</summary>
/// <param name="OverlapSeconds">How long the value until now stays good beside the new one, 0 to 30 days; a day where
/// null.</param>
public sealed record ApiKeyRotateRequest(long? OverlapSeconds = null);
