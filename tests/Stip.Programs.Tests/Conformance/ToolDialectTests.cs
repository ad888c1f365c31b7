using System.ClientModel;
using System.Text;
using OpenAI;
using OpenAI.Chat;
using Stip.TestKit.Scripted;

namespace Stip.Programs.Tests.Conformance;

/// <summary>The OpenAI .NET SDK does not see how a family's models write their calls: the same loop over each.
/// </summary>
[Collection(ModelsGatewayCollection.Name)]
public sealed class ToolDialectTests(ModelsGateway gateway)
{
    private const string Question = "What do I wear in Oslo?";

    private static readonly ChatTool Weather = ChatTool.CreateFunctionTool(
        AgentModel.Function,
        "How cold it is in a city.",
        BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(LlamaAgentModel.Name, "cold", AgentModel.ColdAdvice)]
    [InlineData(LlamaAgentModel.Name, "hot", AgentModel.HotAdvice)]
    [InlineData(MistralAgentModel.Name, "cold", AgentModel.ColdAdvice)]
    [InlineData(MistralAgentModel.Name, "hot", AgentModel.HotAdvice)]
    public async Task Chat_ResultOfItsCall_DecidesTheAnswer(string model, string result, string advice)
    {
        List<ChatMessage> messages = [new UserChatMessage(Question)];

        var asked = (await Chat(model).CompleteChatAsync(messages, Options(), Cancellation)).Value;
        var call = Assert.Single(asked.ToolCalls);
        messages.AddRange([new AssistantChatMessage(asked), new ToolChatMessage(call.Id, result)]);
        var answered = (await Chat(model).CompleteChatAsync(messages, Options(), Cancellation)).Value;

        Assert.Equal(ChatFinishReason.ToolCalls, asked.FinishReason);
        Assert.Equal(AgentModel.Function, call.FunctionName);
        Assert.Equal(AgentModel.Arguments, call.FunctionArguments.ToString());
        Assert.Empty(asked.Content);
        Assert.Equal(advice, answered.Content[0].Text);
    }

    [Theory]
    [InlineData(LlamaAgentModel.Name)]
    [InlineData(MistralAgentModel.Name)]
    public async Task Chat_Streamed_BringsTheCallAndNoText(string model)
    {
        var (text, arguments) = (new StringBuilder(), new StringBuilder());
        await foreach (var update in Chat(model).CompleteChatStreamingAsync(
            [new UserChatMessage(Question)], Options(), Cancellation))
        {
            update.ToolCallUpdates.ToList().ForEach(call => arguments.Append(call.FunctionArgumentsUpdate));
            update.ContentUpdate.ToList().ForEach(part => text.Append(part.Text));
        }

        Assert.Equal("", text.ToString());
        Assert.Equal(AgentModel.Arguments, arguments.ToString());
    }

    [Theory]
    [InlineData(LlamaAgentModel.Name)]
    [InlineData(MistralAgentModel.Name)]
    public async Task Chat_RequiredFunction_IsCalledAsTheModelWritesCalls(string model)
    {
        var options = Options();
        options.ToolChoice = ChatToolChoice.CreateFunctionChoice(AgentModel.Function);
        options.MaxOutputTokenCount = 300;

        var asked = (await Chat(model).CompleteChatAsync(
            [new UserChatMessage("Say nothing at all.")], options, Cancellation)).Value;

        Assert.Equal(AgentModel.Function, Assert.Single(asked.ToolCalls).FunctionName);
    }

    [Theory]
    [InlineData(null, 2)]
    [InlineData(true, 2)]
    [InlineData(false, 1)]
    public async Task Chat_TwoCallsAtOnce_AreAsManyAsAreAllowed(bool? allowsSeveral, int count)
    {
        var options = Options();
        options.AllowParallelToolCalls = allowsSeveral;
        List<ChatMessage> messages = [new UserChatMessage("Oslo and Rome, both?")];

        var asked = (await Chat(MistralAgentModel.Name).CompleteChatAsync(messages, options, Cancellation)).Value;
        messages.Add(new AssistantChatMessage(asked));
        messages.AddRange(asked.ToolCalls.Select(call => new ToolChatMessage(call.Id, "hot")));
        var answered = (await Chat(MistralAgentModel.Name).CompleteChatAsync(messages, options, Cancellation)).Value;

        Assert.Equal(ChatFinishReason.ToolCalls, asked.FinishReason);
        Assert.Equal(
            new[] { """{"city": "Oslo"}""", """{"city": "Rome"}""" }[..count],
            asked.ToolCalls.Select(call => call.FunctionArguments.ToString()));
        Assert.Equal(AgentModel.HotAdvice, answered.Content[0].Text);
    }

    private static ChatCompletionOptions Options() => new() { Temperature = 0, Tools = { Weather } };

    private ChatClient Chat(string model) => new OpenAIClient(
        new ApiKeyCredential("unused"), new OpenAIClientOptions { Endpoint = gateway.BaseUrl }).GetChatClient(model);
}
