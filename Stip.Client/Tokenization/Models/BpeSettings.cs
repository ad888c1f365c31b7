using System.Text.Json;

namespace Stip.Client.Tokenization.Models;

/// <summary>The fields of a BPE model that change how a word is taken apart before it is merged.</summary>
internal sealed record BpeSettings(
    string? UnknownToken,
    string? ContinuingPrefix,
    string? WordSuffix,
    bool FuseUnknown,
    bool ByteFallback,
    bool IgnoreMerges)
{
    public static BpeSettings Read(JsonElement model)
    {
        if (model.Child("dropout") is { ValueKind: JsonValueKind.Number } dropout && dropout.GetDouble() > 0)
        {
            throw new InvalidDataException($"'dropout' is {dropout}: random merges cannot be exact; allowed is 0");
        }

        return new BpeSettings(
            model.OptionalText("unk_token"),
            model.OptionalText("continuing_subword_prefix"),
            model.OptionalText("end_of_word_suffix"),
            model.Flag("fuse_unk", false),
            model.Flag("byte_fallback", false),
            model.Flag("ignore_merges", false));
    }

    public bool IsPlain => UnknownToken is null && !ByteFallback
        && string.IsNullOrEmpty(ContinuingPrefix) && string.IsNullOrEmpty(WordSuffix);
}
