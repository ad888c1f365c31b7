using System.Net;
using System.Net.Http.Headers;
using Stip.Export.Pushing;
using Stip.Onnx;
using Stip.Protocol.Packages;

namespace Stip.Export.Tests.Pushing;

/// <summary>Programs that answer well and are no server of Stip: pages of a proxy, other interfaces.</summary>
public sealed class PackageServerTests
{
    [Theory]
    [InlineData("<html>", "text/html", "answered no JSON; is it a Stip server?")]
    [InlineData("<html>", "application/json", "answered no JSON; is it a Stip server?")]
    [InlineData("{}", "application/json; charset=none", "answered no JSON; is it a Stip server?")]
    [InlineData("{}", "application/json", "answered nothing; is it a Stip server?")]
    [InlineData("null", "application/json", "answered nothing; is it a Stip server?")]
    public async Task CreateUpload_AtSomethingElse_AsksWhetherItIsAServer(string answer, string type, string expected)
    {
        using var other = new FakeServer
        {
            Fault = _ => new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new StringContent(answer) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } },
            },
        };
        using var http = new HttpClient(other, disposeHandler: false) { BaseAddress = new Uri("http://cloud.test/") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", FakeServer.Key);
        var server = new PackageServer(http, TimeSpan.FromMilliseconds(1));

        var refusal = await Assert.ThrowsAsync<RefusedException>(() => server.CreateUploadAsync(
            new PackageFile("model.onnx", 1, "digest"), TestContext.Current.CancellationToken));

        Assert.Equal($"http://cloud.test/v1/uploads {expected}", refusal.Message);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(7, 7)]
    [InlineData(3600, 60)]
    public void Pause_ThatAnAnswerAsksFor_IsAMinuteAtMost(int? asked, int? waited)
    {
        using var answer = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter = asked is { } seconds
            ? new RetryConditionHeaderValue(TimeSpan.FromSeconds(seconds))
            : null;

        Assert.Equal(waited, PackageServer.Asked(answer)?.TotalSeconds);
    }
}
