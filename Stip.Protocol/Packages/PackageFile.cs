namespace Stip.Protocol.Packages;

/// <summary>One file of a package.</summary>
/// <param name="Path">Relative path with forward slashes.</param>
/// <param name="Bytes">Length.</param>
/// <param name="Sha256">Lower-case hexadecimal digest.</param>
public sealed record PackageFile(string Path, long Bytes, string Sha256);
