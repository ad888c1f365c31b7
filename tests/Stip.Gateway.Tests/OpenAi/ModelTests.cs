using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Stip.Gateway.Tests.OpenAi;

public sealed class ModelTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("org/model")]
    [InlineData("org%2Fmodel")]
    public async Task Get_ModelWhoseNameHoldsASlash_IsFound(string path)
    {
        await using var gateway = await RunningGateway.StartAsync(models: "org/model");

        var model = await gateway.Http.GetFromJsonAsync<JsonElement>(
            new Uri($"/v1/models/{path}", UriKind.Relative), Cancellation);

        Assert.Equal("org/model", model.GetProperty("id").GetString());
    }

    [Fact]
    public async Task Get_ModelThatIsNotThere_IsNotFound()
    {
        await using var gateway = await RunningGateway.StartAsync();

        using var answer = await gateway.Http.GetAsync(
            new Uri("/v1/models/org/model", UriKind.Relative), Cancellation);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        Assert.Equal("model_not_found", body.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task Post_ToASecondModelOfAKeyThatHoldsItsSessions_HasThoseOfTheFirstGivenUp()
    {
        await using var gateway = await RunningGateway.StartAsync(models: ["toy", "other"]);
        (gateway.Server.Names, gateway.Server.MostSessions) = (["toy", "other"], 1);

        foreach (var model in new[] { "toy", "other", "toy" })
        {
            object[] messages = [new { role = "user", content = "Who took the cheese?" }];
            var (status, body) = await gateway.PostAsync(
                "/v1/chat/completions", new { model, messages, max_tokens = 5, temperature = 0 });

            Assert.Equal((200, model), (status, body.GetProperty("model").GetString()));
        }
    }
}
