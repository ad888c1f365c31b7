using System.ClientModel;
using System.Text;
using System.Text.Json;
using OpenAI;
using OpenAI.Chat;

namespace Stip.Programs.Tests.Conformance;

/// <summary>The unmodified OpenAI .NET SDK: only the base address is another one.</summary>
[Collection(ModelsGatewayCollection.Name)]
public sealed class OpenAiSdkTests(ModelsGateway gateway)
{
    private const string Fable = "A CROW having stolen a bit of meat";
    private static readonly ChatMessage[] Question =
        [new UserChatMessage("Tell me the fable of The Fox and the Crow.")];

    [Fact]
    public async Task Models_Listed_HaveTheBundles()
    {
        var models = await Sdk().GetOpenAIModelClient().GetModelsAsync(TestContext.Current.CancellationToken);

        Assert.Equal(
            ModelsGateway.Models.Order(StringComparer.Ordinal),
            models.Value.Select(model => model.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Chat_WholeAndStreamed_AreTheSameText()
    {
        var options = new ChatCompletionOptions { Temperature = 0 };
        var whole = (await Chat().CompleteChatAsync(Question, options, TestContext.Current.CancellationToken)).Value;
        var streamed = new StringBuilder();
        ChatFinishReason? reason = null;
        await foreach (var update in Chat().CompleteChatStreamingAsync(
            Question, options, TestContext.Current.CancellationToken))
        {
            streamed.Append(string.Concat(update.ContentUpdate.Select(part => part.Text)));
            reason = update.FinishReason ?? reason;
        }

        Assert.StartsWith(Fable, whole.Content[0].Text, StringComparison.Ordinal);
        Assert.Equal(ChatFinishReason.Stop, whole.FinishReason);
        Assert.True(whole.Usage.OutputTokenCount > 50);
        Assert.Equal(whole.Content[0].Text, streamed.ToString());
        Assert.Equal(ChatFinishReason.Stop, reason);
    }

    [Fact]
    public async Task Chat_Logprobs_ComeWithEveryToken()
    {
        var options = new ChatCompletionOptions
        {
            Temperature = 0,
            MaxOutputTokenCount = 3,
            IncludeLogProbabilities = true,
            TopLogProbabilityCount = 2,
        };

        var answer = (await Chat().CompleteChatAsync(Question, options, TestContext.Current.CancellationToken)).Value;

        Assert.Equal(ChatFinishReason.Length, answer.FinishReason);
        Assert.Equal(3, answer.ContentTokenLogProbabilities.Count);
        Assert.All(answer.ContentTokenLogProbabilities, token => Assert.Equal(2, token.TopLogProbabilities.Count));
    }

    [Fact]
    public async Task Chat_JsonSchema_IsFollowed()
    {
        var schema = BinaryData.FromString("""
            {"type":"object","properties":{"kind":{"enum":["fox","crow"]},"count":{"type":"integer"}},
            "required":["kind","count"],"additionalProperties":false}
            """);
        var options = new ChatCompletionOptions
        {
            Temperature = 0,
            MaxOutputTokenCount = 300,
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("animal", schema, jsonSchemaIsStrict: true),
        };

        var answer = (await Chat().CompleteChatAsync(Question, options, TestContext.Current.CancellationToken)).Value;

        var value = JsonDocument.Parse(answer.Content[0].Text).RootElement;
        Assert.True(value.GetProperty("kind").GetString() is "fox" or "crow", answer.Content[0].Text);
        Assert.True(value.GetProperty("count").TryGetInt64(out _));
    }

    [Fact]
    public async Task Chat_SeveralAtOnce_DoNotDisturbEachOther()
    {
        var options = new ChatCompletionOptions { Temperature = 0, MaxOutputTokenCount = 40 };

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ =>
            Chat().CompleteChatAsync(Question, options, TestContext.Current.CancellationToken)));

        Assert.Single(answers.Select(answer => answer.Value.Content[0].Text).Distinct());
    }

    [Fact]
    public async Task Chat_UnknownModel_IsOpenAisError()
    {
        var refusal = await Assert.ThrowsAsync<ClientResultException>(() => Sdk().GetChatClient("nobody")
            .CompleteChatAsync(Question, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(404, refusal.Status);
        Assert.Contains("model_not_found", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_ToolsWithoutATemplateForThem_AreRefused()
    {
        var options = new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("f") } };

        var refusal = await Assert.ThrowsAsync<ClientResultException>(() =>
            Chat().CompleteChatAsync(Question, options, TestContext.Current.CancellationToken));

        Assert.Contains("unsupported_parameter", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_Cancelled_EndsAtOnce()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var update in Chat().CompleteChatStreamingAsync(Question, cancellationToken: cancel.Token))
            {
                await cancel.CancelAsync();
            }
        });
    }

    private ChatClient Chat() => Sdk().GetChatClient("stories");

    private OpenAIClient Sdk() =>
        new(new ApiKeyCredential("unused"), new OpenAIClientOptions { Endpoint = gateway.BaseUrl });
}
