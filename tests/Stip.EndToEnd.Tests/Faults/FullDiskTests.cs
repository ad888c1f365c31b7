using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Errors;
using Stip.Protocol.Models;
using Stip.Protocol.Uploads;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Faults;

/// <summary>A real server on a real disk of 6 MiB.</summary>
[Trait("Category", "Slow")]
public sealed class FullDiskTests
{
    private const int DiskMegabytes = 6;
    private const int FileBytes = 1_900_000;
    private const int PartBytes = 100_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Uploads_OntoAFullDisk_AreRefusedWholeAndGoOnWhenThereIsRoom()
    {
        Assert.SkipUnless(ApiProcess.CanHaveADisk(), "needs Linux and the right to mount a tmpfs of its own");
        await using var server = await ApiProcess.StartAsync(diskMegabytes: DiskMegabytes);
        using var http = server.Http();
        var file = RandomNumberGenerator.GetBytes(FileBytes);
        using (var tooLarge = await AnnounceAsync(http, file, DiskMegabytes << 20))
        {
            await RefusedAsync(tooLarge, HttpStatusCode.RequestEntityTooLarge, StipErrorCode.PayloadTooLarge);
        }

        // Announced while there is room for each.
        var uploads = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            using var announced = await AnnounceAsync(http, file, FileBytes);
            uploads.Add((await ReadAsync(announced)).Id);
        }

        var full = await FillAsync(http, uploads, file);
        Assert.InRange(full.Upload, 2, 3);
        var there = await http.GetFromJsonAsync<UploadObject>(
            $"{StipRoutes.Uploads}/{uploads[full.Upload]}", StipJson.Wire, Cancellation);
        Assert.Equal(full.Offset, there!.BytesReceived);

        await KeysAsync(http, server.ApiKey);

        // Others are served, and what needs the disk is refused or done, never half of it.
        using (var models = await http.GetAsync(new Uri(StipRoutes.Models, UriKind.Relative), Cancellation))
        {
            Assert.Equal(HttpStatusCode.OK, models.StatusCode);
        }

        using (var cancelled = await PostAsync(http, $"{StipRoutes.Uploads}/{uploads[0]}/cancel", null))
        {
            Assert.Equal(HttpStatusCode.OK, cancelled.StatusCode);
        }

        for (var offset = full.Offset; offset < FileBytes; offset += PartBytes)
        {
            using var added = await AddAsync(http, uploads[full.Upload], file, offset);
            Assert.Equal(HttpStatusCode.OK, added.StatusCode);
        }

        using var completed = await PostAsync(http, $"{StipRoutes.Uploads}/{uploads[full.Upload]}/complete", null);
        Assert.Equal(UploadObject.Completed, (await ReadAsync(completed)).Status);
        await http.CreateKeyAsync();
    }

    // A key is made, or it is refused and there is none; one that was made ends when it is revoked, or stays good.
    private static async Task KeysAsync(HttpClient http, string admin)
    {
        for (var i = 0; i < 40; i++)
        {
            var before = await ListAsync(http);
            using var made = await PostAsync(http, StipRoutes.ApiKeys, JsonContent.Create(
                new ApiKeyCreateRequest(new string('n', 100), [ApiKeyScopes.Infer]), options: StipJson.Wire));
            if (made.IsSuccessStatusCode)
            {
                Assert.Equal(before + 1, await ListAsync(http));
                continue;
            }

            await RefusedAsync(made, HttpStatusCode.ServiceUnavailable, StipErrorCode.ServerOverloaded);
            Assert.Equal(before, await ListAsync(http));
            using var rotated = await PostAsync(http, $"{StipRoutes.ApiKeys}/key_bootstrap/rotate", null);
            await RefusedAsync(rotated, HttpStatusCode.ServiceUnavailable, StipErrorCode.ServerOverloaded);
            using var still = new HttpRequestMessage(HttpMethod.Get, StipRoutes.Models);
            still.Headers.Authorization = new AuthenticationHeaderValue("Bearer", admin);
            using var good = await http.SendAsync(still, Cancellation);
            Assert.Equal(HttpStatusCode.OK, good.StatusCode);
            return;
        }

        Assert.Fail("keys were made on a full disk without end");
    }

    private static async Task<int> ListAsync(HttpClient http)
    {
        var keys = await http.GetFromJsonAsync<ListObject<ApiKeyObject>>(
            new Uri(StipRoutes.ApiKeys, UriKind.Relative), StipJson.Wire, Cancellation);
        return keys!.Data.Count;
    }

    private static async Task<(int Upload, int Offset)> FillAsync(HttpClient http, List<string> uploads, byte[] file)
    {
        for (var upload = 0; upload < uploads.Count; upload++)
        {
            for (var offset = 0; offset < FileBytes; offset += PartBytes)
            {
                using var added = await AddAsync(http, uploads[upload], file, offset);
                if (!added.IsSuccessStatusCode)
                {
                    await RefusedAsync(added, HttpStatusCode.ServiceUnavailable, StipErrorCode.ServerOverloaded);
                    Assert.NotNull(added.Headers.RetryAfter);
                    return (upload, offset);
                }
            }
        }

        throw new InvalidOperationException("the disk never was full");
    }

    private static Task<HttpResponseMessage> AnnounceAsync(HttpClient http, byte[] file, long bytes) => PostAsync(
        http, StipRoutes.Uploads, JsonContent.Create(
            new UploadCreateRequest(
                "model.onnx", bytes, UploadCreateRequest.StipPackage,
                Convert.ToHexStringLower(SHA256.HashData(file))),
            options: StipJson.Wire));

    private static Task<HttpResponseMessage> AddAsync(HttpClient http, string upload, byte[] file, int offset) =>
        PostAsync(
            http, $"{StipRoutes.Uploads}/{upload}/parts?offset={offset}",
            new ReadOnlyMemoryContent(file.AsMemory(offset, Math.Min(PartBytes, file.Length - offset)))
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") },
            });

    private static Task<HttpResponseMessage> PostAsync(HttpClient http, string path, HttpContent? body) =>
        http.PostAsync(new Uri(path, UriKind.Relative), body, Cancellation);

    private static async Task<UploadObject> ReadAsync(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<UploadObject>(StipJson.Wire, Cancellation))!;
    }

    private static async Task RefusedAsync(HttpResponseMessage answer, HttpStatusCode status, StipErrorCode code)
    {
        Assert.Equal(status, answer.StatusCode);
        var error = await answer.Content.ReadFromJsonAsync<ErrorDocument>(StipJson.Wire, Cancellation);
        Assert.Equal(code.Name(), error!.Error.Code);
    }
}
