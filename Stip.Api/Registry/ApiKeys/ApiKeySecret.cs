namespace Stip.Api.Registry.ApiKeys;

/// <summary>A value of a key, by its hash. After a rotation a key has more than one for a while.</summary>
/// <param name="Sha256">Hexadecimal.</param>
/// <param name="RedactedValue">Enough of it to recognise it.</param>
/// <param name="GoodUntil">Null for the value that is in force.</param>
internal sealed record ApiKeySecret(string Sha256, string RedactedValue, DateTimeOffset? GoodUntil);
