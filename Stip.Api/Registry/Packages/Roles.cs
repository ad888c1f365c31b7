namespace Stip.Api.Registry.Packages;

/// <summary>What a graph of a package is for.</summary>
internal static class Roles
{
    public const string Decoder = "decoder";
    public const string Encoder = "encoder";
    public const string Vision = "vision";
}
