using System.Net.Http.Headers;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Uploads;

namespace Stip.Api.Tests.Hosting;

/// <summary>Sends files as a developer's tool does.</summary>
internal static class Uploads
{
    public static Task<UploadObject> AnnounceAsync(this ApiCaller caller, PackageFile file) =>
        caller.PostAsync<UploadObject>(
            StipRoutes.Uploads,
            new UploadCreateRequest(file.Path, file.Bytes, UploadCreateRequest.StipPackage, file.Sha256));

    public static async Task<HttpResponseMessage> AddRawPartAsync(
        this ApiCaller caller, string id, ReadOnlyMemory<byte> data, long? offset = null)
    {
        using var body = new ReadOnlyMemoryContent(data);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        var query = offset is null ? "" : $"?offset={offset}";
        return await caller.SendAsync(HttpMethod.Post, $"{StipRoutes.Uploads}/{id}/parts{query}", body);
    }

    public static async Task<UploadPartObject> AddFormPartAsync(
        this ApiCaller caller, string id, ReadOnlyMemory<byte> data)
    {
        using var form = new MultipartFormDataContent { { new ReadOnlyMemoryContent(data), "data", "data" } };
        using var response = await caller.SendAsync(HttpMethod.Post, $"{StipRoutes.Uploads}/{id}/parts", form);
        return await ApiCaller.ReadAsync<UploadPartObject>(response);
    }

    public static Task<HttpResponseMessage> CompleteAsync(this ApiCaller caller, string id, params string[] partIds) =>
        caller.PostAsync(
            $"{StipRoutes.Uploads}/{id}/complete", new UploadCompleteRequest(partIds.Length == 0 ? null : partIds));

    /// <summary>Uploads every file of a folder and asks for its registration.</summary>
    public static async Task<HttpResponseMessage> PushAsync(this ApiCaller caller, string folder) =>
        await caller.PostAsync(
            StipRoutes.Models, new ModelRegisterRequest(await caller.UploadAllAsync(folder)));

    /// <summary>Uploads every file of a folder.</summary>
    public static async Task<List<string>> UploadAllAsync(this ApiCaller caller, string folder)
    {
        var ids = new List<string>();
        foreach (var path in Directory.GetFiles(folder))
        {
            ids.Add(await caller.UploadAsync(path));
        }

        return ids;
    }

    public static async Task<string> UploadAsync(this ApiCaller caller, string path)
    {
        var file = PackageFiles.Of(path);
        var upload = await caller.AnnounceAsync(file);
        await caller.AddFormPartAsync(
            upload.Id, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        using var completed = await caller.CompleteAsync(upload.Id);
        Assert.Equal(UploadObject.Completed, (await ApiCaller.ReadAsync<UploadObject>(completed)).Status);
        return upload.Id;
    }
}
