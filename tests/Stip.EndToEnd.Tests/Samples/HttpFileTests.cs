using Stip.TestKit;

namespace Stip.EndToEnd.Tests.Samples;

[Collection(nameof(SampleServer))]
public sealed class HttpFileTests(SampleServer samples)
{
    [Fact]
    public async Task Requests_OfTheFile_AllSucceed()
    {
        var variables = new Dictionary<string, string>
        {
            ["endpoint"] = samples.Server.Endpoint.ToString().TrimEnd('/'),
            ["key"] = samples.Server.ApiKey,
        };
        using var http = new HttpClient();
        var count = 0;
        foreach (var (title, request) in HttpFile.Read(RepositoryRoot.At("samples", "requests.http"), variables))
        {
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(answer.IsSuccessStatusCode, $"{title}: {(int)answer.StatusCode} {text}");
            count++;
        }

        Assert.True(count >= 9);
    }
}
