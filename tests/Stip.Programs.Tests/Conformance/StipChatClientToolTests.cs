using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Stip.Client.Chat;
using Stip.EndToEnd.Kit;
using Stip.TestKit.Scripted;

namespace Stip.Programs.Tests.Conformance;

/// <summary>Microsoft.Extensions.AI's own loop of function calls over a protected model.</summary>
public sealed class StipChatClientToolTests(SharedServer shared)
{
    private const string Question = "What do I wear in Oslo?";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("cold", AgentModel.ColdAdvice)]
    [InlineData("hot", AgentModel.HotAdvice)]
    public async Task GetResponseAsync_FunctionThatMayBeCalled_DecidesTheAnswer(string result, string advice)
    {
        var cities = new List<string>();
        var weather = AIFunctionFactory.Create(
            (string city) =>
            {
                cities.Add(city);
                return result;
            },
            AgentModel.Function,
            "How cold it is in a city.");
        await using var services = await ContainerAsync(AgentModel.Name);
        using var client = new FunctionInvokingChatClient(services.GetRequiredService<IChatClient>());

        var answer = await client.GetResponseAsync(
            Question, new ChatOptions { Temperature = 0, Tools = [weather] }, Cancellation);

        Assert.Equal(["Oslo"], cities);
        Assert.Equal(advice, answer.Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
    }

    [Fact]
    public async Task GetResponseAsync_RequiredFunction_IsCalled()
    {
        await using var services = await ContainerAsync(AgentModel.Name);
        var clock = AIFunctionFactory.Create((bool utc) => utc ? "12:00" : "13:00", "clock");
        var options = new ChatOptions
        {
            Temperature = 0,
            MaxOutputTokens = 200,
            Tools = [clock],
            ToolMode = ChatToolMode.RequireSpecific("clock"),
        };

        var answer = await services.GetRequiredService<IChatClient>().GetResponseAsync(Question, options, Cancellation);

        var call = Assert.Single(answer.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>());
        Assert.Equal(("clock", ChatFinishReason.ToolCalls), (call.Name, answer.FinishReason));
        Assert.Contains("utc", call.Arguments!.Keys);
    }

    /// <summary>The model would say its end-of-text token after the call.</summary>
    [Fact]
    public async Task GetResponseAsync_OneCallAllowed_EndsWithTheCall()
    {
        await using var services = await ContainerAsync(AgentModel.Name);
        var client = services.GetRequiredService<IChatClient>();
        var weather = AIFunctionFactory.Create((string city) => city, AgentModel.Function);
        var several = await client.GetResponseAsync(
            Question, new ChatOptions { Temperature = 0, Tools = [weather] }, Cancellation);
        var shorter = (int)several.Usage!.OutputTokenCount!.Value - 1;

        var one = await client.GetResponseAsync(
            Question,
            new ChatOptions
            {
                Temperature = 0,
                MaxOutputTokens = shorter,
                Tools = [weather],
                AllowMultipleToolCalls = false,
            },
            Cancellation);

        Assert.Single(one.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>());
        Assert.Equal(ChatFinishReason.ToolCalls, one.FinishReason);
        Assert.Equal(several.Usage.InputTokenCount, one.Usage?.InputTokenCount);
        Assert.Equal(shorter, one.Usage?.OutputTokenCount);
    }

    [Fact]
    public async Task GetResponseAsync_TemplateWithoutTools_IsRefused()
    {
        await using var services = await ContainerAsync("stories");
        var options = new ChatOptions { Tools = [AIFunctionFactory.Create(() => "hot", "weather")] };

        await Assert.ThrowsAsync<NotSupportedException>(() =>
            services.GetRequiredService<IChatClient>().GetResponseAsync(Question, options, Cancellation));
    }

    private async Task<ServiceProvider> ContainerAsync(string checkpoint) => new ServiceCollection()
        .AddStip(new StipOptions
        {
            Bundle = await shared.PushedAsync(checkpoint),
            Endpoint = shared.Server.Endpoint,
            ApiKey = shared.Server.ApiKey,
        })
        .BuildServiceProvider();
}
