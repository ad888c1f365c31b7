namespace Stip.Protocol.Uploads;

/// <summary>An upload, in OpenAI's shape and with what a client needs to resume it.</summary>
/// <param name="Id">Id to send parts to.</param>
/// <param name="Object">Always <see cref="ObjectName"/>.</param>
/// <param name="Bytes">Announced length of the file.</param>
/// <param name="CreatedAt">Unix seconds.</param>
/// <param name="ExpiresAt">Unix seconds after which an unused upload is removed.</param>
/// <param name="Filename">Path inside the package.</param>
/// <param name="Purpose">Always <see cref="UploadCreateRequest.StipPackage"/>.</param>
/// <param name="Status"><see cref="Pending"/>, <see cref="Completed"/> or <see cref="Cancelled"/>.</param>
/// <param name="Sha256">Announced digest.</param>
/// <param name="BytesReceived">Bytes of the parts that are safely stored: where to go on.</param>
/// <param name="Parts">The stored parts, in order.</param>
public sealed record UploadObject(
    string Id,
    string Object,
    long Bytes,
    long CreatedAt,
    long ExpiresAt,
    string Filename,
    string Purpose,
    string Status,
    string Sha256,
    long BytesReceived,
    IReadOnlyList<UploadPartObject> Parts)
{
    /// <summary>Value of <see cref="Object"/>.</summary>
    public const string ObjectName = "upload";

    /// <summary>Parts are awaited.</summary>
    public const string Pending = "pending";

    /// <summary>The whole file is there and has its digest.</summary>
    public const string Completed = "completed";

    /// <summary>Given up; nothing is kept.</summary>
    public const string Cancelled = "cancelled";
}
