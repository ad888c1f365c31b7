using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Stip.Api.Registry;
using Stip.Api.Registry.ApiKeys;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Errors;
using Stip.Protocol.Models;
using Stip.Protocol.Sessions;
using Stip.Protocol.Uploads;

namespace Stip.Api.Endpoints.OpenApi;

/// <summary>Examples that work when they are pressed: rows of the width of a model that is really here and that the
/// caller's key is good for. Who shows no key is not told what is hosted.</summary>
internal sealed class ExampleTransformer(ModelRegistry registry, IHttpContextAccessor caller)
    : IOpenApiDocumentTransformer
{
    public Task TransformAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        HostedModel[] shown = [.. Shown()];
        var decoder = Array.Find(shown, model => model.Decoder is not null);
        var model = decoder?.Id ?? CompletionExample.Nobody;
        var exampleStep = CompletionExample.Of(decoder?.Manifest);
        Set(document, StipRoutes.Completions, exampleStep.Request, exampleStep.Response);
        Set(document, StipRoutes.Sessions, new SessionCreateRequest(model, 64), new SessionObject(
            "sess_0f3c…", SessionObject.ObjectName, model, 1_764_000_000, 1_764_000_600, 0, 64));
        Set(document, StipRoutes.Models, new ModelRegisterRequest(["upload_…"]), decoder?.ToObject());
        Set(
            document, StipRoutes.ApiKeys,
            new ApiKeyCreateRequest("alice", [ApiKeyScopes.Infer], decoder is null ? null : [model]),
            new ApiKeyObject("key_…", ApiKeyObject.ObjectName, "alice", "stip_…9a3f", [ApiKeyScopes.Infer],
                1_764_000_000, Value: "stip_… (shown this once)"));
        Set(
            document, StipRoutes.Uploads,
            new UploadCreateRequest("model.onnx", 1024, UploadCreateRequest.StipPackage, new string('0', 64)), null);
        // An empty object would be left out of the document, and the page would make up a body that is refused.
        Set(document, StipRoutes.Uploads + "/{id}/complete", new JsonObject { ["part_ids"] = null }, null);
        Set(document, StipRoutes.Sessions + "/{id}/fork", new SessionForkRequest(Position: 0), null);
        Set(document, StipRoutes.ApiKeys + "/{id}/rotate", new ApiKeyRotateRequest(3600), null);
        Set(document, StipRoutes.Forward, ForwardExample.Of(shown), null);
        SetRefusals(document);
        return Task.CompletedTask;
    }

    private IEnumerable<HostedModel> Shown() => caller.HttpContext?.Features.Get<ApiKeyRecord>() is { } key
        ? registry.All.Where(model => key.Allows(model.Id))
        : [];

    private static void Set(OpenApiDocument document, string path, object request, object? response)
    {
        if (!document.Paths.TryGetValue(path, out var item)
            || item.Operations?.GetValueOrDefault(HttpMethod.Post) is not { } operation)
        {
            return;
        }

        if (operation.RequestBody?.Content?.TryGetValue(MediaTypes.Json, out var body) is true
            && body is OpenApiMediaType requestMedia)
        {
            requestMedia.Example = ToNode(request);
        }

        if (response is not null && operation.Responses?.GetValueOrDefault("200")?.Content is { } answers
            && answers.TryGetValue(MediaTypes.Json, out var answer) && answer is OpenApiMediaType answerMedia)
        {
            answerMedia.Example = ToNode(response);
        }
    }

    private static void SetRefusals(OpenApiDocument document)
    {
        var example = ToNode(new ErrorDocument(
            "about:blank", "Gone", 410, "there is no such session of this key", "req_…",
            new ErrorBody(
                "there is no such session of this key", "invalid_request_error", "session_id", "session_lost")));
        foreach (var operation in document.Paths.Values.SelectMany(
            item => item.Operations?.Values ?? Enumerable.Empty<OpenApiOperation>()))
        {
            foreach (var answer in operation.Responses?.Values ?? Enumerable.Empty<IOpenApiResponse>())
            {
                if (answer.Content?.TryGetValue(ErrorDocument.MediaType, out var media) is true
                    && media is OpenApiMediaType own)
                {
                    own.Example = example?.DeepClone();
                }
            }
        }
    }

    private static JsonNode? ToNode(object value) => JsonSerializer.SerializeToNode(value, StipJson.Wire);
}
