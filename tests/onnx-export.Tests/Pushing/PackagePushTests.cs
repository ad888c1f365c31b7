using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Stip.Export.Pushing;
using Stip.Onnx;
using Stip.Protocol;
using Stip.Protocol.Packages;
using Stip.TestKit;

namespace Stip.Export.Tests.Pushing;

public sealed class PackagePushTests : IDisposable
{
    private const int PartBytes = 100;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeServer _server = new();
    private readonly byte[] _weights = new byte[450];

    public PackagePushTests()
    {
        new Random(1).NextBytes(_weights);
        Directory.CreateDirectory(_folder.At("cloud"));
        File.WriteAllBytes(_folder.At("cloud", "model.onnx.data"), _weights);
        var file = new PackageFile(
            "model.onnx.data", _weights.Length, Convert.ToHexStringLower(SHA256.HashData(_weights)));
        var manifest = new PackageManifest(
            PackageManifest.CurrentProtocol, "fables", "i", 1, "permutation", "full", "f", 1, 1, 1, "float32", 1,
            new Dictionary<string, GraphManifest>(), [file]);
        File.WriteAllBytes(
            _folder.At("cloud", "stip.json"), JsonSerializer.SerializeToUtf8Bytes(manifest, StipJson.File));
    }

    [Theory]
    [InlineData("")]
    [InlineData("cloud")]
    public async Task Push_OfAPackageOrItsCloudFolder_SendsEveryFile(string part)
    {
        var reported = new List<long>();

        var model = await PushAsync(CloudFolder.Open(_folder.At(part)), reported.Add);

        Assert.Equal("fables", model.Id);
        Assert.Equal(["model.onnx.data", "stip.json"], _server.Files.Keys);
        Assert.Equal(_weights, _server.Files["model.onnx.data"]);
        Assert.Equal(5, _server.Requests.Count(route => route == "POST /v1/uploads/upload_0/parts"));
        Assert.Equal(CloudFolder.Open(_folder.Path).TotalBytes, reported[^1]);
        Assert.Equal(reported.Order(), reported);
    }

    [Fact]
    public async Task Push_ThatWasInterrupted_GoesOnWhereItStopped()
    {
        var parts = 0;
        _server.Fault = route =>
            route.EndsWith("/parts") && ++parts == 4 ? throw new OperationCanceledException() : null;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PushAsync());

        await PushAsync();

        Assert.Equal(_weights, _server.Files["model.onnx.data"]);
        Assert.Single(_server.Requests, route => route == "GET /v1/uploads/upload_0");
        Assert.Equal(3 + 1 + 2, _server.Requests.Count(route => route == "POST /v1/uploads/upload_0/parts"));
    }

    [Fact]
    public async Task Push_WhereAnAnswerIsLost_SendsNoPartTwice()
    {
        var parts = 0;
        _server.LostAnswer = route =>
        {
            if (route.EndsWith("/parts") && ++parts == 2)
            {
                throw new HttpRequestException("the connection was reset");
            }
        };

        await PushAsync();

        Assert.Equal(_weights, _server.Files["model.onnx.data"]);
    }

    [Fact]
    public async Task Push_ToAnOverloadedServer_TriesAgain()
    {
        var refusals = 0;
        _server.Fault = route => route.EndsWith("/complete") && refusals++ < 2
            ? FakeServer.Refuse(HttpStatusCode.ServiceUnavailable, "busy", "server_overloaded")
            : null;

        await PushAsync();

        Assert.Equal(2, _server.Files.Count);
    }

    [Fact]
    public async Task Push_WhereTheServerForgotTheUpload_BeginsAgain()
    {
        var isForgotten = false;
        _server.Fault = route =>
            route.EndsWith("/complete") && !isForgotten ? throw new OperationCanceledException() : null;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PushAsync());
        isForgotten = true;
        _server.Fault = route => route == "GET /v1/uploads/upload_0"
            ? FakeServer.Refuse(HttpStatusCode.NotFound, "gone", "model_not_found")
            : null;

        await PushAsync();

        Assert.Equal(_weights, _server.Files["model.onnx.data"]);
    }

    [Fact]
    public async Task Push_WhereAFileArrivedDamaged_CancelsItsUploadAndTheNextOneBeginsIt()
    {
        var parts = 0;
        _server.Damages = () => ++parts == 3;

        var refusal = await Assert.ThrowsAsync<RefusedException>(() => PushAsync());
        await PushAsync();

        Assert.Equal(
            "the server refused: the digest differs (checksum_mismatch, HTTP 422); model.onnx.data is sent anew by "
            + "the next push",
            refusal.Message);
        Assert.Contains("POST /v1/uploads/upload_0/cancel", _server.Requests);
        Assert.Equal(_weights, _server.Files["model.onnx.data"]);
    }

    [Fact]
    public async Task Push_WhoseLastAnswerWasLost_SendsNothingAgain()
    {
        _server.LostAnswer = route =>
        {
            if (route == "POST /v1/models")
            {
                throw new OperationCanceledException();
            }
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PushAsync());
        var before = _server.Requests.Count;

        var model = await PushAsync();

        Assert.Equal("fables", model.Id);
        Assert.Equal(
            [
                "GET /v1/models/fables", "POST /v1/uploads/upload_0/cancel", "POST /v1/uploads/upload_1/cancel",
            ],
            _server.Requests.Skip(before));
    }

    [Fact]
    public async Task Push_OfWhatSomebodyElseRegisteredMeanwhile_CancelsItsOwnUploads()
    {
        var parts = 0;
        _server.Fault = route =>
            route.EndsWith("/parts") && ++parts == 4 ? throw new OperationCanceledException() : null;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PushAsync());
        await PushAsync(journals: "others");
        Assert.Equal(["upload_0"], _server.Begun);

        var model = await PushAsync();

        Assert.Equal("fables", model.Id);
        Assert.Empty(_server.Begun);
    }

    [Fact]
    public async Task Push_OfAPartThatABusyServerRefuses_WaitsAsLongAsItSays()
    {
        var refusals = 0;
        _server.Fault = route =>
        {
            if (!route.EndsWith("/parts") || refusals++ > 0)
            {
                return null;
            }

            var busy = FakeServer.Refuse(HttpStatusCode.TooManyRequests, "busy", "server_overloaded");
            busy.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(1));
            return busy;
        };
        var watch = Stopwatch.StartNew();

        await PushAsync();

        // Timers may fire a few milliseconds early.
        Assert.True(watch.Elapsed > TimeSpan.FromSeconds(0.95), $"{watch.Elapsed}");
        Assert.Equal(_weights, _server.Files["model.onnx.data"]);
    }

    [Fact]
    public async Task Push_WithoutAFolderForItsJournal_SendsEveryFile()
    {
        await File.WriteAllTextAsync(_folder.At("journals"), "a file", TestContext.Current.CancellationToken);

        await PushAsync();

        Assert.Equal(2, _server.Files.Count);
    }

    [Fact]
    public async Task Push_OfALinkedFile_SendsWhatItPointsAt()
    {
        File.Move(_folder.At("cloud", "model.onnx.data"), _folder.At("weights"));
        File.CreateSymbolicLink(_folder.At("cloud", "model.onnx.data"), _folder.At("weights"));

        await PushAsync();

        Assert.Equal(_weights, _server.Files["model.onnx.data"]);
    }

    [Fact]
    public async Task Push_ThatIsRefused_ShowsTheServersMessageAndCode()
    {
        _server.Fault = route => route == "POST /v1/models"
            ? FakeServer.Refuse(HttpStatusCode.BadRequest, "model.onnx does not load", "package_invalid")
            : null;

        var refusal = await Assert.ThrowsAsync<RefusedException>(() => PushAsync());

        Assert.Equal("the server refused: model.onnx does not load (package_invalid, HTTP 400)", refusal.Message);
    }

    [Fact]
    public async Task Push_WithAWrongKey_SaysSoWithoutTheKey()
    {
        var refusal = await Assert.ThrowsAsync<RefusedException>(() => PushAsync(key: "wrong"));

        Assert.Equal("the server refused: the key is not known (invalid_api_key, HTTP 401)", refusal.Message);
    }

    [Fact]
    public async Task Push_ToSomethingElse_AsksWhetherItIsAServer()
    {
        _server.Fault = _ => new HttpResponseMessage(HttpStatusCode.NotFound) { Content = new StringContent("<html>") };

        var refusal = await Assert.ThrowsAsync<RefusedException>(() => PushAsync());

        Assert.Equal("http://cloud.test/v1/uploads answered HTTP 404; is it a Stip server?", refusal.Message);
    }

    [Fact]
    public async Task Push_OfWhatIsRegistered_EndsWellWhereItsUploadsCannotBeCancelled()
    {
        _server.LostAnswer = route =>
        {
            if (route == "POST /v1/models")
            {
                throw new OperationCanceledException();
            }
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PushAsync());
        _server.Fault = route => route.EndsWith("/cancel", StringComparison.Ordinal)
            ? throw new HttpRequestException("the connection was reset")
            : null;

        Assert.Equal("fables", (await PushAsync()).Id);
    }

    [Fact]
    public async Task Push_ToAnUnreachableServer_SaysSoAtOnce()
    {
        _server.Fault = _ => throw new HttpRequestException("connection refused");

        var refusal = await Assert.ThrowsAsync<RefusedException>(() => PushAsync());

        Assert.Equal("http://cloud.test/ cannot be reached: connection refused", refusal.Message);
        Assert.Single(_server.Requests);
    }

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    private async Task<Protocol.Models.ModelObject> PushAsync(
        CloudFolder? package = null,
        Action<long>? report = null,
        string key = FakeServer.Key,
        string journals = "journals")
    {
        using var http = new HttpClient(_server, disposeHandler: false) { BaseAddress = new Uri("http://cloud.test/") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        package ??= CloudFolder.Open(_folder.Path);
        var journal = UploadJournal.Open(_folder.At(journals), http.BaseAddress, package.Manifest.Fingerprint);
        var push = new PackagePush(new PackageServer(http, TimeSpan.FromMilliseconds(1)), package, journal, PartBytes);
        return await push.RunAsync(report ?? (_ => { }), TestContext.Current.CancellationToken);
    }
}
