using System.Text.Json.Nodes;
using Stip.Client.Tokenization;
using Stip.Export.Checkpoints;
using Stip.Export.Checkpoints.Tokenizers;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints.Tokenizers;

/// <summary>Folders of vocab.json and merges.txt whose texts begin with a space that is not written.</summary>
public sealed class PrefixSpaceTests
{
    [Theory]
    [InlineData("RobertaTokenizer")]
    [InlineData("GPT2Tokenizer")]
    public void Ids_OfATextThatASpaceIsToPrecede_AreThoseWithTheSpace(string name)
    {
        using var with = Make(name, "true");
        using var without = Make(name, "false");
        var (tokenizer, plain) = (TextTokenizer.FromFolder(with.Path), TextTokenizer.FromFolder(without.Path));

        Assert.Equal(plain.Encode(" a fox saw"), tokenizer.Encode("a fox saw"));
        Assert.Equal(plain.Encode(" a fox saw"), tokenizer.Encode(" a fox saw"));
        Assert.NotEqual(plain.Encode("a fox saw"), tokenizer.Encode("a fox saw"));
    }

    private static TemporaryFolder Make(string name, string flag)
    {
        var model = JsonNode.Parse(File.ReadAllText(
            RepositoryRoot.At("tests", "data", "checkpoints", "stories-gpt2", "tokenizer.json")))!["model"]!;
        var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("vocab.json"), model["vocab"]!.ToJsonString());
        File.WriteAllText(folder.At("merges.txt"), string.Join('\n', model["merges"]!.AsArray().Select(
            merge => merge is JsonArray pair ? $"{pair[0]} {pair[1]}" : (string)merge!)));
        File.WriteAllText(folder.At("tokenizer_config.json"), $$"""
            { "tokenizer_class": "{{name}}", "add_prefix_space": {{flag}}, "cls_token": "<|endoftext|>",
              "sep_token": "<|endoftext|>", "mask_token": "<|endoftext|>" }
            """);
        File.WriteAllBytes(
            folder.At("tokenizer.json"), new CompletedFiles(new FolderFiles(folder.Path)).Find("tokenizer.json")!);
        return folder;
    }
}
