namespace Stip.Protocol.ApiKeys;

/// <summary>Limits of one key; null takes the server's own, 0 means none.</summary>
/// <param name="RequestsPerSecond">Requests and steps, as a rate; a second's worth may come at once.</param>
/// <param name="TokensPerSecond">Rows of steps, as a rate; ten seconds' worth may come at once.</param>
/// <param name="Sessions">Sessions held at once, over all models.</param>
public sealed record ApiKeyLimits(int? RequestsPerSecond = null, int? TokensPerSecond = null, int? Sessions = null);
