using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Stip.Client.Bundles;
using Stip.Client.Chat;
using Stip.EndToEnd.Kit;

namespace Stip.Programs.Tests.Conformance;

/// <summary>A protected encoder through Microsoft.Extensions.AI, alone and beside a model that chats.</summary>
public sealed class StipEmbeddingGeneratorTests(SharedServer shared)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GenerateAsync_BesideAChatModel_FindsTheNearestText()
    {
        await using var services = await ContainerAsync("stories", "stories-sentence");
        var generator = services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        string[] texts = ["A fox saw a crow.", "The hare slept."];

        var index = await generator.GenerateAndZipAsync(texts, cancellationToken: Cancellation);
        var query = await generator.GenerateVectorAsync("The hare slept.", cancellationToken: Cancellation);
        var nearest = index.MaxBy(entry =>
            System.Numerics.Tensors.TensorPrimitives.Dot(entry.Embedding.Vector.Span, query.Span));

        Assert.Equal("The hare slept.", nearest.Value);
        Assert.NotNull(services.GetRequiredService<IChatClient>());
        Assert.Empty(await generator.GenerateAsync([], cancellationToken: Cancellation));
        Assert.True((await generator.GenerateAsync(texts, cancellationToken: Cancellation)).Usage?.InputTokenCount > 4);
    }

    // As settings that were read from JSON have it; this model has no prompts.
    [Theory]
    [InlineData("\"query\"", "has no prompt 'query'")]
    [InlineData("3", "prompt_name is no text")]
    public async Task GenerateAsync_PromptNameOfJson_IsReadOrRefused(string json, string expected)
    {
        await using var services = await ContainerAsync("stories-sentence", null);
        var generator = services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        var options = new EmbeddingGenerationOptions
        {
            AdditionalProperties = new() { ["prompt_name"] = JsonElement.Parse(json) },
        };

        var refused = await Assert.ThrowsAsync<ArgumentException>(() =>
            generator.GenerateAsync(["A fox"], options, Cancellation));

        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateAsync_OptionsThatAreNotThere_AreRefused()
    {
        await using var services = await ContainerAsync("stories-sentence", null);
        var generator = services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        EmbeddingGenerationOptions[] refused = [new() { ModelId = "other" }, new() { Dimensions = 3 }];

        foreach (var options in refused)
        {
            await Assert.ThrowsAsync<NotSupportedException>(() =>
                generator.GenerateAsync(["A fox"], options, Cancellation));
        }

        Assert.Throws<BundleException>(() => services.GetRequiredService<IChatClient>());
    }

    private async Task<ServiceProvider> ContainerAsync(string bundle, string? encoder) => new ServiceCollection()
        .AddStip(new StipOptions
        {
            Bundle = await shared.PushedAsync(bundle),
            Encoder = encoder is null ? null : await shared.PushedAsync(encoder),
            Endpoint = shared.Server.Endpoint,
            ApiKey = shared.Server.ApiKey,
        })
        .BuildServiceProvider();
}
