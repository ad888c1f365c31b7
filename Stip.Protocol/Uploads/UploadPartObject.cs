namespace Stip.Protocol.Uploads;

/// <summary>A stored part of an upload.</summary>
/// <param name="Id">Id for <see cref="UploadCompleteRequest.PartIds"/>.</param>
/// <param name="Object">Always <see cref="ObjectName"/>.</param>
/// <param name="CreatedAt">Unix seconds.</param>
/// <param name="UploadId">The upload that it belongs to.</param>
/// <param name="Offset">First byte of it among the bytes received.</param>
/// <param name="Bytes">Its length.</param>
public sealed record UploadPartObject(
    string Id, string Object, long CreatedAt, string UploadId, long Offset, long Bytes)
{
    /// <summary>Value of <see cref="Object"/>.</summary>
    public const string ObjectName = "upload.part";
}
