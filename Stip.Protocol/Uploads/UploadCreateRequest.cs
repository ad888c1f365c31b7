namespace Stip.Protocol.Uploads;

/// <summary>Body of <c>POST /v1/uploads</c>: announces one file of a package.</summary>
/// <param name="Filename">Path inside the package, with forward slashes.</param>
/// <param name="Bytes">Length of the file.</param>
/// <param name="Purpose">Always <see cref="StipPackage"/>.</param>
/// <param name="Sha256">Hexadecimal digest that the bytes must have.</param>
/// <param name="MimeType">Ignored; OpenAI's clients send it.</param>
public sealed record UploadCreateRequest(
    string Filename, long Bytes, string Purpose, string Sha256, string? MimeType = null)
{
    /// <summary>Value of <see cref="Purpose"/>.</summary>
    public const string StipPackage = "stip-package";
}
