using System.Globalization;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Stip.Api.Endpoints.Authentication;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Api.Registry.Audit;
using Stip.Api.Registry.Uploads;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Audit;
using Stip.Protocol.Errors;
using Stip.Protocol.Uploads;

namespace Stip.Api.Endpoints;

/// <summary><c>/v1/uploads</c>: one file in parts, in OpenAI's shape, resumable.</summary>
internal static class UploadEndpoints
{
    private const long MultipartOverheadBytes = 64 << 10;
    private const int MaxBoundaryLength = 100;
    private const string OffsetName = "offset";

    public static void MapUploads(this IEndpointRouteBuilder routes)
    {
        var uploads = routes.MapGroup(StipRoutes.Uploads).RequireScope(ApiKeyScopes.ModelsWrite).WithTags("Models");
        uploads.MapPost("", Create).WithSummary("Announces one file of a package")
            .Produces<UploadObject>().Refuses(400, 401, 403, 413, 429);
        uploads.MapGet("{id}", Get).WithSummary("Shows how much of a file is there")
            .Produces<UploadObject>().Refuses(401, 403, 404);
        uploads.MapPost("{id}/parts", AddPartAsync)
            .WithSummary("Adds a part: multipart field 'data', or application/octet-stream with ?offset=N")
            .Accepts<IFormFile>("multipart/form-data", "application/octet-stream")
            .Produces<UploadPartObject>().Refuses(400, 401, 403, 404, 413);
        uploads.MapPost("{id}/complete", CompleteAsync).WithSummary("Checks the digest of the whole file")
            .Accepts<UploadCompleteRequest>(isOptional: true, MediaTypes.Json)
            .Produces<UploadObject>().Refuses(400, 401, 403, 404, 422);
        uploads.MapPost("{id}/cancel", CancelAsync).WithSummary("Gives the upload up")
            .Produces<UploadObject>().Refuses(401, 403, 404);
    }

    private static IResult Create(UploadCreateRequest request, HttpContext context, UploadStore store) =>
        Answer.Of(store.Create(context.ApiKey().Id, request), record => record.ToObject(store.Lifetime));

    private static IResult Get(string id, HttpContext context, UploadStore store) =>
        Answer.Of(store.Find(context.ApiKey().Id, id), upload => upload.Record.ToObject(store.Lifetime));

    private static async Task<IResult> AddPartAsync(
        string id, HttpContext context, UploadStore store, UploadWriter writer, IOptions<ApiOptions> options)
    {
        var most = options.Value.MaxPartBytes;
        if (!store.Find(context.ApiKey().Id, id).Is(out var upload, out var refusal))
        {
            return new ErrorAnswer(refusal);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = most + MultipartOverheadBytes;
        }

        var written = context.Request.Query[OffsetName].ToString();
        long? offset = null;
        if (written.Length > 0)
        {
            if (!long.TryParse(written, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed))
            {
                return new ErrorAnswer(new Refusal(StipErrorCode.InvalidRequest, "offset is not a number", OffsetName));
            }

            offset = parsed;
        }

        return await BodyAsync(context) is { } body
            ? Answer.Of(await writer.AppendAsync(upload, body, offset, most, context.RequestAborted), part => part)
            : new ErrorAnswer(new Refusal(StipErrorCode.InvalidRequest, "the form has no field 'data'", "data"));
    }

    private static async Task<IResult> CompleteAsync(
        string id, HttpContext context, UploadStore store, UploadWriter writer)
    {
        if (!store.Find(context.ApiKey().Id, id).Is(out var upload, out var refusal))
        {
            return new ErrorAnswer(refusal);
        }

        var request = context.Request.ContentLength is 0 || !MediaTypes.IsJson(context.Request.ContentType)
            ? null
            : await context.Request.ReadFromJsonAsync<UploadCompleteRequest>(StipJson.Wire, context.RequestAborted);
        return Answer.Of(
            await writer.CompleteAsync(upload, request?.PartIds, context.RequestAborted),
            record => record.ToObject(store.Lifetime));
    }

    private static async Task<IResult> CancelAsync(
        string id, HttpContext context, UploadStore store, UploadWriter writer, AuditLog audit)
    {
        if (!store.Find(context.ApiKey().Id, id).Is(out var upload, out var refusal))
        {
            return new ErrorAnswer(refusal);
        }

        var cancelled = await writer.CancelAsync(upload, context.RequestAborted);
        if (cancelled.Refusal is null)
        {
            await audit.AppendAsync(new AuditAct(
                AuditEventTypes.UploadCancelled, context.Actor(), id, ("filename", upload.Record.Filename)));
        }

        return Answer.Of(cancelled, record => record.ToObject(store.Lifetime));
    }

    // The bytes of the part, streamed: the form is never held in memory.
    private static async Task<Stream?> BodyAsync(HttpContext context)
    {
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
            || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            return context.Request.Body;
        }

        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        if (boundary.Length is 0 or > MaxBoundaryLength)
        {
            return null;
        }

        var reader = new MultipartReader(boundary, context.Request.Body);
        try
        {
            while (await reader.ReadNextSectionAsync(context.RequestAborted) is { } section)
            {
                if (section.GetContentDispositionHeader()?.Name is { } name
                    && HeaderUtilities.RemoveQuotes(name) == "data")
                {
                    return new FormPart(section.Body);
                }
            }
        }
        catch (IOException e) when (e is not (BadHttpRequestException or ConnectionResetException))
        {
            throw FormPart.Torn(e);
        }

        return null;
    }
}
