using System.Text;
using System.Text.Json;
using Stip.Client.Tokenization.Patterns;

namespace Stip.Client.Tokenization.PreTokenization;

/// <summary>Builds the chain that the field 'pre_tokenizer' describes.</summary>
internal static class PreTokenizerReader
{
    public static PreTokenizer? Read(JsonElement? preTokenizer) =>
        preTokenizer is { } element ? Build(element) : null;

    private static PreTokenizer Build(JsonElement element) => element.Text("type") switch
    {
        "Sequence" => new Chain([.. element.Items("pretokenizers").Select(Build)]),
        "ByteLevel" => new ByteLevelSplit(element.Flag("add_prefix_space", true), element.Flag("use_regex", true)),
        "Split" => new PatternSplit(
            TextPattern.Read(element.Required("pattern")), Behavior(element), element.Flag("invert", false)),
        "Metaspace" => MetaspaceSplit.Read(element),
        "Digits" => new CharacterSplit(
            CharacterClasses.IsNumeric,
            element.Flag("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
        "Punctuation" => new CharacterSplit(CharacterClasses.IsPunctuation, Behavior(element)),
        "Whitespace" => new PatternSplit(
            TextPattern.Expression($@"[{OnigurumaClasses.RustWord}]+|[^{OnigurumaClasses.RustWord}\s]+"),
            SplitBehavior.Removed,
            inverted: true),
        "WhitespaceSplit" => new CharacterSplit(Rune.IsWhiteSpace, SplitBehavior.Removed),
        "CharDelimiterSplit" => new PatternSplit(
            TextPattern.Literal(element.Text("delimiter")), SplitBehavior.Removed),
        "BertPreTokenizer" => new Chain(
        [
            new CharacterSplit(Rune.IsWhiteSpace, SplitBehavior.Removed),
            new CharacterSplit(CharacterClasses.IsPunctuation, SplitBehavior.Isolated),
        ]),
        var other => throw new InvalidDataException(
            $"the pre-tokenizer '{other}' is not supported; supported are Sequence, ByteLevel, Split, Metaspace, "
            + "Digits, Punctuation, Whitespace, WhitespaceSplit, CharDelimiterSplit and BertPreTokenizer"),
    };

    private static SplitBehavior Behavior(JsonElement element) =>
        SpanMerging.Read(element.OptionalText("behavior") ?? nameof(SplitBehavior.Isolated));

    private sealed class Chain(PreTokenizer[] steps) : PreTokenizer
    {
        public override IEnumerable<Piece> Split(Piece piece) =>
            steps.Aggregate(Enumerable.Repeat(piece, 1), (pieces, step) => pieces.SelectMany(step.Split));
    }
}
