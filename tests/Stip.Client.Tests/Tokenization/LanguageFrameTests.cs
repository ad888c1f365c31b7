using Stip.Client.Tokenization;
using Stip.TestKit;

namespace Stip.Client.Tests.Tokenization;

/// <summary>Where the token of a language stands in the frame of a tokenizer that names none.</summary>
public sealed class LanguageFrameTests
{
    // As Whisper's own tokenizer has it: set_prefix_tokens(language="french").
    [Fact]
    public void InLanguage_OfWhisper_StandsBehindTheStart()
    {
        var tokenizer = Read("<|startoftranscript|>", "<|en|>", "<|fr|>", "<|transcribe|>", "<|notimestamps|>");

        Assert.Equal([1, 5, 0, 6], tokenizer.Encode("a", addSpecialTokens: true));
        Assert.Equal([1, 3, 5, 0, 6], tokenizer.InLanguage("fr").Encode("a", addSpecialTokens: true));
        Assert.Equal([1, 2, 5, 0, 6], tokenizer.InLanguage("fr").InLanguage("en").Encode("a", addSpecialTokens: true));
    }

    [Fact]
    public void InLanguage_OfATranslator_StandsInFront()
    {
        var tokenizer = Read("<s>", ">>en<<", ">>fr<<", "<mask>", "<pad>");

        Assert.Equal([3, 1, 5, 0, 6], tokenizer.InLanguage("fr").Encode("a", addSpecialTokens: true));
    }

    // The first and the last of the tokens before the text, and their end behind it.
    private static TextTokenizer Read(params string[] special)
    {
        var added = special.Append("</s>").Select((token, id) =>
            $$"""{ "id": {{id + 1}}, "content": "{{token}}", "special": true, "normalized": false }""");
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("tokenizer.json"), $$"""
            {
              "added_tokens": [{{string.Join(", ", added)}}],
              "post_processor": {
                "type": "TemplateProcessing",
                "single": [
                  { "SpecialToken": { "id": "first", "type_id": 0 } },
                  { "SpecialToken": { "id": "second", "type_id": 0 } },
                  { "Sequence": { "id": "A", "type_id": 0 } },
                  { "SpecialToken": { "id": "end", "type_id": 0 } }
                ],
                "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 1 } }],
                "special_tokens": {
                  "first": { "ids": [1] }, "second": { "ids": [5] }, "end": { "ids": [6] }
                }
              },
              "model": { "type": "BPE", "vocab": { "a": 0 }, "merges": [] }
            }
            """);
        return TextTokenizer.FromFolder(folder.Path);
    }
}
