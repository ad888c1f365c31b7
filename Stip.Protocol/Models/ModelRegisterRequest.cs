namespace Stip.Protocol.Models;

/// <summary>Body of <c>POST /v1/models</c>: makes a model out of completed uploads.</summary>
/// <param name="UploadIds">Every file of the package, <c>stip.json</c> among them.</param>
public sealed record ModelRegisterRequest(IReadOnlyList<string> UploadIds);
