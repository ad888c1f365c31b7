using Stip.Client.Encoders;
using Stip.Keys.Bundles;

namespace Stip.Client.Tests.Encoders;

public sealed class TextPromptsTests
{
    private static readonly BundleManifest Bare = new(
        "stip/1", "model", "instance", 1, "permuted", "f", "encoder", 8, 8, 8, "float32", null, [],
        new EmbeddingManifest(["token_embedding"]));

    private static readonly BundleManifest Prompted = Bare with
    {
        Prompt = "usual: ",
        Prompts = new Dictionary<string, string>
        {
            ["query"] = "q: ",
            ["passage"] = "p: ",
            ["Clustering"] = "c: ",
            ["bare"] = "",
        },
    };

    [Theory]
    [InlineData(null, null, "usual: ")]
    [InlineData("query", null, "q: ")]
    [InlineData("bare", null, "")]
    [InlineData("query", "document", "q: ")]
    [InlineData(null, "query", "q: ")]
    [InlineData(null, "search_query", "q: ")]
    [InlineData(null, "document", "p: ")]
    [InlineData(null, "SEARCH_DOCUMENT", "p: ")]
    [InlineData(null, "Clustering", "c: ")]
    public void Of_WhatATextIsFor_IsItsPrompt(string? name, string? type, string expected) => Assert.Equal(
        expected, TextPrompts.Of(Prompted, new TextEmbeddingOptions { PromptName = name, InputType = type }));

    // As sentence-transformers' encode_query and encode_document do.
    [Theory]
    [InlineData("query")]
    [InlineData("passage")]
    public void Of_AKindThatTheModelHasNoPromptFor_IsTheUsualOne(string type)
    {
        var options = new TextEmbeddingOptions { InputType = type };

        Assert.Null(TextPrompts.Of(Bare, options));
        Assert.Equal("usual: ", TextPrompts.Of(Bare with { Prompt = "usual: " }, options));
    }

    [Theory]
    [InlineData("document", null, "PromptName", "it has query, passage, Clustering, bare")]
    [InlineData(null, "classification", "InputType", "it has query, passage, Clustering, bare")]
    public void Of_WhatThereIsNot_IsRefused(string? name, string? type, string parameter, string said)
    {
        var options = new TextEmbeddingOptions { PromptName = name, InputType = type };

        var refusal = Assert.Throws<ArgumentException>(() => TextPrompts.Of(Prompted, options));

        Assert.Equal(parameter, refusal.ParamName);
        Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => TextPrompts.Of(Bare, options));
    }
}
