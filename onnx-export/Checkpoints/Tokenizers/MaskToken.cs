using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>The token that a masked word stands for: in a text with spaces it takes the one before it.</summary>
internal static class MaskToken
{
    public static void TakeSpaceBefore(JsonObject tokenizer, string? mask)
    {
        foreach (var token in tokenizer["added_tokens"]!.AsArray())
        {
            if ((string?)token!["content"] == mask)
            {
                token["lstrip"] = true;
            }
        }
    }
}
