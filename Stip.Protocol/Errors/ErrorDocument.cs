namespace Stip.Protocol.Errors;

/// <summary>Body of every refusal: the fields of RFC 9457 and OpenAI's <c>error</c> object.</summary>
/// <param name="Type">A URI of the kind of problem; <c>about:blank</c>.</param>
/// <param name="Title">Name of the HTTP status.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Detail">The same text as the error's message.</param>
/// <param name="Instance">Id of the request, as in <c>x-request-id</c>.</param>
/// <param name="Error">For OpenAI's clients.</param>
public sealed record ErrorDocument(
    string Type, string Title, int Status, string Detail, string Instance, ErrorBody Error)
{
    /// <summary>Media type of the document.</summary>
    public const string MediaType = "application/problem+json";
}
