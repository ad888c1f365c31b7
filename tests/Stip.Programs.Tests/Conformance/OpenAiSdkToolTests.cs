using System.ClientModel;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Responses;
using Stip.TestKit.Scripted;

namespace Stip.Programs.Tests.Conformance;

/// <summary>The unmodified OpenAI .NET SDK goes round an agent's loop: question, call, result, answer.</summary>
[Collection(ModelsGatewayCollection.Name)]
public sealed class OpenAiSdkToolTests(ModelsGateway gateway)
{
    private const string Question = "What do I wear in Oslo?";

    private static readonly BinaryData City = BinaryData.FromString(
        """{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""");

    private static readonly ChatTool Weather = ChatTool.CreateFunctionTool(
        AgentModel.Function, "How cold it is in a city.", City);

    private static readonly ChatTool Clock = ChatTool.CreateFunctionTool(
        "clock",
        "The time.",
        BinaryData.FromString(
            """{"type":"object","properties":{"zone":{"enum":["UTC","CET"]}},"required":["zone"]}"""));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("cold", AgentModel.ColdAdvice)]
    [InlineData("hot", AgentModel.HotAdvice)]
    public async Task Chat_ResultOfItsCall_DecidesTheAnswer(string result, string advice)
    {
        var options = new ChatCompletionOptions { Temperature = 0, Tools = { Weather, Clock } };
        List<ChatMessage> messages = [new UserChatMessage(Question)];

        var asked = (await Chat().CompleteChatAsync(messages, options, Cancellation)).Value;
        var call = Assert.Single(asked.ToolCalls);
        messages.AddRange([new AssistantChatMessage(asked), new ToolChatMessage(call.Id, result)]);
        var answered = (await Chat().CompleteChatAsync(messages, options, Cancellation)).Value;

        Assert.Equal(ChatFinishReason.ToolCalls, asked.FinishReason);
        Assert.Equal(AgentModel.Function, call.FunctionName);
        Assert.Equal(AgentModel.Arguments, call.FunctionArguments.ToString());
        Assert.Empty(asked.Content);
        Assert.Equal(ChatFinishReason.Stop, answered.FinishReason);
        Assert.Equal(advice, answered.Content[0].Text);
    }

    [Fact]
    public async Task Chat_Streamed_BringsTheCallInUpdates()
    {
        var options = new ChatCompletionOptions { Temperature = 0, Tools = { Weather } };
        var (id, name, arguments) = ("", "", new StringBuilder());
        ChatFinishReason? reason = null;

        await foreach (var update in Chat().CompleteChatStreamingAsync(
            [new UserChatMessage(Question)], options, Cancellation))
        {
            foreach (var call in update.ToolCallUpdates)
            {
                Assert.Equal(0, call.Index);
                (id, name) = (id + call.ToolCallId, name + call.FunctionName);
                arguments.Append(call.FunctionArgumentsUpdate);
            }

            Assert.Equal("", string.Concat(update.ContentUpdate.Select(part => part.Text)));
            reason = update.FinishReason ?? reason;
        }

        Assert.Equal((AgentModel.Function, AgentModel.Arguments), (name, arguments.ToString()));
        Assert.StartsWith("call_", id, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.ToolCalls, reason);
    }

    [Fact]
    public async Task Chat_ToolChoice_IsFollowed()
    {
        ChatMessage[] messages = [new UserChatMessage(Question)];
        var options = new ChatCompletionOptions
        {
            Temperature = 0,
            MaxOutputTokenCount = 200,
            Tools = { Weather, Clock },
        };

        options.ToolChoice = ChatToolChoice.CreateFunctionChoice("clock");
        var named = Assert.Single((await Chat().CompleteChatAsync(messages, options, Cancellation)).Value.ToolCalls);
        options.ToolChoice = ChatToolChoice.CreateRequiredChoice();
        var any = Assert.Single((await Chat().CompleteChatAsync(messages, options, Cancellation)).Value.ToolCalls);
        options.ToolChoice = ChatToolChoice.CreateNoneChoice();
        var none = (await Chat().CompleteChatAsync(messages, options, Cancellation)).Value;

        Assert.Equal("clock", named.FunctionName);
        Assert.Contains(
            JsonDocument.Parse(named.FunctionArguments).RootElement.GetProperty("zone").GetString(),
            (string[])["UTC", "CET"]);
        Assert.Equal(AgentModel.Function, any.FunctionName);
        Assert.Equal(AgentModel.Greeting, none.Content[0].Text);
        Assert.Empty(none.ToolCalls);
    }

#pragma warning disable OPENAI001 // The SDK calls its responses client a preview; people use it all the same.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Responses_ResultOfItsCall_DecidesTheAnswer(bool isStreamed)
    {
        var options = new CreateResponseOptions
        {
            StreamingEnabled = isStreamed,
            Model = AgentModel.Name,
            Temperature = 0,
            InputItems = { ResponseItem.CreateUserMessageItem(Question) },
            Tools = { ResponseTool.CreateFunctionTool(AgentModel.Function, City, strictModeEnabled: false) },
        };

        var call = Assert.IsType<FunctionCallResponseItem>(Assert.Single(await ItemsAsync(options)));
        options.InputItems.Add(call);
        options.InputItems.Add(ResponseItem.CreateFunctionCallOutputItem(call.CallId, "cold"));
        var answer = Assert.IsType<MessageResponseItem>(Assert.Single(await ItemsAsync(options)), exactMatch: false);

        Assert.Equal(AgentModel.Function, call.FunctionName);
        Assert.Equal(AgentModel.Arguments, call.FunctionArguments.ToString());
        Assert.Equal(AgentModel.ColdAdvice, answer.Content[0].Text);
    }

    private async Task<IReadOnlyList<ResponseItem>> ItemsAsync(CreateResponseOptions options)
    {
        var client = Sdk().GetResponsesClient();
        if (options.StreamingEnabled != true)
        {
            return [.. (await client.CreateResponseAsync(options, Cancellation)).Value.OutputItems];
        }

        var items = new List<ResponseItem>();
        await foreach (var update in await client.CreateResponseStreamingAsync(options, Cancellation))
        {
            items.AddRange(update is StreamingResponseOutputItemDoneUpdate done ? [done.Item] : []);
        }

        return items;
    }
#pragma warning restore OPENAI001

    private ChatClient Chat() => Sdk().GetChatClient(AgentModel.Name);

    private OpenAIClient Sdk() =>
        new(new ApiKeyCredential("unused"), new OpenAIClientOptions { Endpoint = gateway.BaseUrl });
}
