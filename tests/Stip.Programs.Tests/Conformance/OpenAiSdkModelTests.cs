using System.ClientModel;
using System.Numerics.Tensors;
using System.Text;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Responses;
using Stip.TestKit;

namespace Stip.Programs.Tests.Conformance;

/// <summary>The unmodified OpenAI .NET SDK: embeddings, images and the responses interface.</summary>
[Collection(ModelsGatewayCollection.Name)]
public sealed class OpenAiSdkModelTests(ModelsGateway gateway)
{
    private const string Question = "Tell me the fable of The Fox and the Crow.";
    private const string Fable = "A CROW having stolen a bit of meat";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Embeddings_SeveralTexts_AreVectorsOfLengthOne()
    {
        string[] texts = ["A fox saw a crow.", "The hare slept.", "A fox saw a crow."];

        var vectors = (await Sdk().GetEmbeddingClient("stories-sentence").GenerateEmbeddingsAsync(
            texts, cancellationToken: Cancellation)).Value;

        Assert.Equal([0, 1, 2], vectors.Select(vector => vector.Index));
        Assert.All(vectors, vector => Assert.Equal(1, TensorPrimitives.Norm(vector.ToFloats().Span), 1e-5f));
        // Equal texts share a batch and a length, so that even their rounding is the same.
        Assert.Equal(vectors[0].ToFloats().ToArray(), vectors[2].ToFloats().ToArray());
        Assert.True(vectors.Usage.InputTokenCount > 10);
    }

    [Fact]
    public async Task Embeddings_OfTokenIds_AreRefused()
    {
        var refusal = await Assert.ThrowsAsync<ClientResultException>(() =>
            Sdk().GetEmbeddingClient("stories-sentence").GenerateEmbeddingsAsync(
                [new ReadOnlyMemory<int>([1, 2])], cancellationToken: Cancellation));

        Assert.Contains("unsupported_parameter", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_AboutAnImage_AddsItsDigits()
    {
        var path = Path.Combine(KnownCheckpoints.Folder("digits-llava"), "images", "1.png");
        var image = BinaryData.FromBytes(await File.ReadAllBytesAsync(path, Cancellation));
        ChatMessage[] messages =
        [
            new UserChatMessage(
                ChatMessageContentPart.CreateImagePart(image, "image/png"),
                ChatMessageContentPart.CreateTextPart("What is the sum of the digits?")),
        ];

        var answer = await Sdk().GetChatClient("digits-llava").CompleteChatAsync(
            messages, new ChatCompletionOptions { Temperature = 0 }, Cancellation);

        Assert.Equal("25", answer.Value.Content[0].Text);
    }

#pragma warning disable OPENAI001 // The SDK calls its responses client a preview; people use it all the same.
    [Fact]
    public async Task Responses_WholeAndAsEvents_AreTheSameText()
    {
        var client = Sdk().GetResponsesClient();

        var whole = (await client.CreateResponseAsync(Greedy(), Cancellation)).Value;
        var (text, hasCompleted) = (new StringBuilder(), false);
        await foreach (var update in await client.CreateResponseStreamingAsync(
            Greedy(isStreamed: true), Cancellation))
        {
            text.Append(update is StreamingResponseOutputTextDeltaUpdate delta ? delta.Delta : "");
            hasCompleted |= update is StreamingResponseCompletedUpdate;
        }

        Assert.Equal(ResponseStatus.Completed, whole.Status);
        Assert.StartsWith(Fable, whole.GetOutputText(), StringComparison.Ordinal);
        Assert.True(whole.Usage.OutputTokenCount > 50);
        Assert.Equal(whole.GetOutputText(), text.ToString());
        Assert.True(hasCompleted);
    }

    [Fact]
    public async Task Responses_UnknownModel_IsOpenAisError()
    {
        var refusal = await Assert.ThrowsAsync<ClientResultException>(() =>
            Sdk().GetResponsesClient().CreateResponseAsync("nobody", Question, null, Cancellation));

        Assert.Equal(404, refusal.Status);
    }

    private static CreateResponseOptions Greedy(bool isStreamed = false) => new()
    {
        StreamingEnabled = isStreamed,
        Model = "stories",
        Temperature = 0,
        InputItems = { ResponseItem.CreateUserMessageItem(Question) },
    };
#pragma warning restore OPENAI001

    private OpenAIClient Sdk() =>
        new(new ApiKeyCredential("unused"), new OpenAIClientOptions { Endpoint = gateway.BaseUrl });
}
