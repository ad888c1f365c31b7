using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Stip.TestKit.Scripted;

namespace Stip.Programs.Tests.Conformance;

/// <summary>Several answers to one question, each of which calls a function.</summary>
[Collection(ModelsGatewayCollection.Name)]
public sealed class SeveralToolAnswersTests(ModelsGateway gateway)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Chat_OfThreeChoices_EachHasItsCall(bool isParallel)
    {
        using var http = new HttpClient { BaseAddress = new Uri(gateway.BaseUrl + "/") };
        var body = new Dictionary<string, object>
        {
            ["model"] = AgentModel.Name,
            ["messages"] = new[] { new { role = "user", content = "What do I wear in Oslo?" } },
            ["temperature"] = 0,
            ["n"] = 3,
            ["parallel_tool_calls"] = isParallel,
            ["tools"] = new[]
            {
                new
                {
                    type = "function",
                    function = new { name = AgentModel.Function, parameters = new { type = "object" } },
                },
            },
        };

        using var response = await http.PostAsJsonAsync(
            new Uri("chat/completions", UriKind.Relative), body, Cancellation);
        var choices = JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancellation))!["choices"]!.AsArray();

        Assert.Equal([0, 1, 2], choices.Select(choice => (int)choice!["index"]!).Order());
        Assert.All(choices, choice =>
        {
            Assert.Equal("tool_calls", (string?)choice!["finish_reason"]);
            var call = Assert.Single(choice["message"]!["tool_calls"]!.AsArray())!["function"]!;
            Assert.Equal(AgentModel.Function, (string?)call["name"]);
            Assert.Equal(AgentModel.Arguments, (string?)call["arguments"]);
        });
        var ids = choices.Select(choice => (string?)choice!["message"]!["tool_calls"]![0]!["id"]);
        Assert.Equal(3, ids.Distinct().Count());
    }
}
