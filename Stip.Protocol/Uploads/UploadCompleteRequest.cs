namespace Stip.Protocol.Uploads;

/// <summary>Body of <c>POST /v1/uploads/{id}/complete</c>.</summary>
/// <param name="PartIds">Every part in the order of the file; null for the order in which they came.</param>
public sealed record UploadCompleteRequest(IReadOnlyList<string>? PartIds = null);
