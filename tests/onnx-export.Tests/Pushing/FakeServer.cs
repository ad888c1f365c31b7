using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Stip.Protocol;
using Stip.Protocol.Errors;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Uploads;

namespace Stip.Export.Tests.Pushing;

/// <summary>The upload routes of a server, in memory, with faults on request.</summary>
internal sealed class FakeServer : HttpMessageHandler
{
    public const string Key = "stip_test_key";

    private readonly Dictionary<string, (UploadCreateRequest Request, MemoryStream Bytes, bool IsDone)> _uploads = [];
    private readonly HashSet<string> _cancelled = [];
    private ModelObject? _registered;

    /// <summary>Finished files by their path in the package.</summary>
    public Dictionary<string, byte[]> Files { get; } = [];

    /// <summary>Uploads that were begun and neither registered nor cancelled.</summary>
    public IEnumerable<string> Begun => _uploads.Keys.Except(_cancelled);

    /// <summary>Every request as <c>METHOD /path</c>.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Called before a request is answered; what it returns or throws is the answer.</summary>
    public Func<string, HttpResponseMessage?> Fault { get; set; } = _ => null;

    /// <summary>Asked at each part whether it arrives damaged.</summary>
    public Func<bool> Damages { get; set; } = () => false;

    /// <summary>Called after a request took effect, before it is answered.</summary>
    public Action<string> LostAnswer { get; set; } = _ => { };

    public static HttpResponseMessage Refuse(HttpStatusCode status, string message, string code) => new(status)
    {
        Content = JsonContent.Create(
            new { title = "refused", error = new ErrorBody(message, "invalid_request_error", null, code) },
            options: StipJson.Wire),
    };

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellation)
    {
        var route = $"{request.Method} {request.RequestUri!.AbsolutePath}";
        Requests.Add(route);
        if (request.Headers.Authorization?.Parameter != Key)
        {
            return Refuse(HttpStatusCode.Unauthorized, "the key is not known", "invalid_api_key");
        }

        var answer = Fault(route) ?? await AnswerAsync(route.Split('/'), request, cancellation);
        LostAnswer(route);
        answer.RequestMessage = request;
        return answer;
    }

    private static HttpResponseMessage Json(object body) => new(HttpStatusCode.OK)
    {
        Content = JsonContent.Create(body, body.GetType(), options: StipJson.Wire),
    };

    private async Task<HttpResponseMessage> AnswerAsync(
        string[] route, HttpRequestMessage request, CancellationToken cancellation) => route switch
        {
            ["POST ", "v1", "uploads"] => await CreateAsync(request, cancellation),
            ["POST ", "v1", "uploads", var id, "parts"] => await AddPartAsync(id, request, cancellation),
            ["POST ", "v1", "uploads", var id, "complete"] => Complete(id),
            ["POST ", "v1", "uploads", var id, "cancel"] when _uploads.ContainsKey(id) => Cancel(id),
            ["GET ", "v1", "models", "fables"] when _registered is not null => Json(_registered),
            ["GET ", "v1", "uploads", var id] when _uploads.ContainsKey(id) => Json(State(id)),
            ["POST ", "v1", "models"] => Json(await RegisterAsync(request, cancellation)),
            _ => Refuse(HttpStatusCode.NotFound, "there is no such thing", "model_not_found"),
        };

    private async Task<HttpResponseMessage> CreateAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var upload = await request.Content!.ReadFromJsonAsync<UploadCreateRequest>(StipJson.Wire, cancellation);
        var id = $"upload_{_uploads.Count}";
        _uploads[id] = (upload!, new MemoryStream(), false);
        return Json(State(id));
    }

    private async Task<HttpResponseMessage> AddPartAsync(
        string id, HttpRequestMessage request, CancellationToken cancellation)
    {
        var form = Assert.IsType<MultipartFormDataContent>(request.Content);
        var part = Assert.Single(form);
        Assert.Equal("data", part.Headers.ContentDisposition!.Name);
        if (Damages())
        {
            _uploads[id].Bytes.Write(new byte[part.Headers.ContentLength!.Value]);
        }
        else
        {
            await part.CopyToAsync(_uploads[id].Bytes, cancellation);
        }

        return Json(new UploadPartObject("part", UploadPartObject.ObjectName, 0, id, 0, 0));
    }

    private HttpResponseMessage Complete(string id)
    {
        var (upload, bytes, _) = _uploads[id];
        if (Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray())) != upload.Sha256)
        {
            return Refuse(HttpStatusCode.UnprocessableEntity, "the digest differs", "checksum_mismatch");
        }

        _uploads[id] = (upload, bytes, true);
        Files[upload.Filename] = bytes.ToArray();
        return Json(State(id));
    }

    private HttpResponseMessage Cancel(string id)
    {
        var answer = Json(State(id) with { Status = UploadObject.Cancelled });
        _uploads[id] = (_uploads[id].Request, new MemoryStream(), false);
        _cancelled.Add(id);
        return answer;
    }

    private UploadObject State(string id)
    {
        var (upload, bytes, isDone) = _uploads[id];
        return new UploadObject(
            id, UploadObject.ObjectName, upload.Bytes, 0, 0, upload.Filename, upload.Purpose,
            _cancelled.Contains(id) ? UploadObject.Cancelled : isDone ? UploadObject.Completed : UploadObject.Pending,
            upload.Sha256, bytes.Length, []);
    }

    private async Task<ModelObject> RegisterAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var registration = await request.Content!.ReadFromJsonAsync<ModelRegisterRequest>(
            StipJson.Wire, cancellation);
        foreach (var id in registration!.UploadIds)
        {
            _uploads.Remove(id);
        }

        var manifest = System.Text.Json.JsonSerializer.Deserialize<PackageManifest>(
            Files[PackageManifest.FileName], StipJson.File)!;
        _registered = new ModelObject(
            manifest.Model, ModelObject.ObjectName, 0, "test", ModelStipInfo.From(manifest));
        return _registered;
    }
}
