namespace Stip.Api.Registry.Packages;

/// <summary><c>registration.json</c> beside a package: who registered it, and when.</summary>
internal sealed record Registration(DateTimeOffset CreatedAt, string OwnedBy)
{
    public const string FileName = "registration.json";
}
