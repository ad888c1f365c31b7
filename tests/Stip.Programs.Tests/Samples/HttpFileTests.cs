using Stip.EndToEnd.Kit;
using Stip.TestKit;

namespace Stip.Programs.Tests.Samples;

public sealed class HttpFileTests(SharedServer shared)
{
    [Fact]
    public async Task Requests_OfTheFile_AllSucceed()
    {
        await shared.PushedAsync("stories");
        var variables = new Dictionary<string, string>
        {
            ["endpoint"] = shared.Server.Endpoint.ToString().TrimEnd('/'),
            ["key"] = shared.Server.ApiKey,
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
