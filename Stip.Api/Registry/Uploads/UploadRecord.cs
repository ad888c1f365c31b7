using Stip.Protocol.Uploads;

namespace Stip.Api.Registry.Uploads;

/// <summary>An upload as it is stored.</summary>
internal sealed record UploadRecord(
    string Id,
    string Owner,
    string Filename,
    long Bytes,
    string Sha256,
    DateTimeOffset CreatedAt,
    DateTimeOffset TouchedAt,
    string Status,
    IReadOnlyList<UploadPartObject> Parts)
{
    public long BytesReceived => Parts.Sum(part => part.Bytes);

    public UploadObject ToObject(TimeSpan lifetime) => new(
        Id, UploadObject.ObjectName, Bytes, CreatedAt.ToUnixTimeSeconds(), (TouchedAt + lifetime).ToUnixTimeSeconds(),
        Filename, UploadCreateRequest.StipPackage, Status, Sha256, BytesReceived, Parts);
}
