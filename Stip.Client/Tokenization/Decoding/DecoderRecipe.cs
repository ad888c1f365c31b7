using System.Text.Json;
using Stip.Client.Tokenization.Patterns;
using Stip.Client.Tokenization.PreTokenization;

namespace Stip.Client.Tokenization.Decoding;

/// <summary>What the field 'decoder' describes, ready to be set up anew for every decode.</summary>
internal sealed class DecoderRecipe
{
    private readonly Func<bool, DecodingStage>[] _stages;

    private DecoderRecipe(Func<bool, DecodingStage>[] stages) => _stages = stages;

    /// <summary>Whether pieces are written in GPT-2's alphabet of bytes.</summary>
    public bool IsByteLevel { get; private init; }

    public static DecoderRecipe Read(JsonElement? decoder)
    {
        if (decoder is not { } element)
        {
            return new DecoderRecipe([_ => new MapStage((piece, isFirst) => isFirst ? piece : " " + piece)]);
        }

        var steps = Flatten(element).ToArray();
        var fuse = Array.FindIndex(steps, step => step.Text("type") == "Fuse");

        // Fragments join by themselves at the end; only a step that looks at more than the ends must wait for them.
        var streams = fuse < 0 || steps[(fuse + 1)..].All(step => step.Text("type") is "Strip" or "Fuse");
        var stages = steps.Select((step, at) => Build(step, isFused: fuse >= 0 && at > fuse, streams));
        return new DecoderRecipe([.. stages.OfType<Func<bool, DecodingStage>>()])
        {
            IsByteLevel = steps.Any(step => step.Text("type") == "ByteLevel"),
        };
    }

    public DecodingStage[] Start(bool isStream) => Array.ConvertAll(_stages, stage => stage(isStream));

    private static IEnumerable<JsonElement> Flatten(JsonElement element) => element.Text("type") == "Sequence"
        ? element.Items("decoders").SelectMany(Flatten)
        : [element];

    private static Func<bool, DecodingStage>? Build(JsonElement element, bool isFused, bool streams)
    {
        switch (element.Text("type"))
        {
            case "ByteLevel":
                return _ => new ByteLevelStage();
            case "ByteFallback":
                return isStream => new ByteFallbackStage(isStream);
            case "Fuse":
                return streams ? null : _ => new FuseStage();
            case "Replace":
                var (pattern, content) = (TextPattern.Read(element.Required("pattern")), element.Text("content"));
                return _ => new MapStage((piece, _) => pattern.Replace(piece, content));
            case "Strip":
                var (character, start) = (element.SingleChar("content"), element.Count("start"));
                var stop = element.Count("stop");
                return _ => new StripStage(character, start, stop, isFused && streams);
            case "Metaspace":
                var (mark, hides) = (element.SingleChar("replacement"), MetaspaceSplit.Scheme(element) != "never");
                return _ => new MapStage((piece, isFirst) => Spaces(piece, mark, isFirst && hides));
            case "WordPiece":
                var (prefix, cleans) = (element.Text("prefix"), element.Flag("cleanup", true));
                return _ => new MapStage((piece, isFirst) => WordPieceText.Join(piece, prefix, cleans, isFirst));
            case "BPEDecoder":
                var suffix = element.OptionalText("suffix") ?? "</w>";
                return _ => new SuffixStage(suffix);
            case var other:
                throw new InvalidDataException(
                    $"the decoder '{other}' is not supported; supported are Sequence, ByteLevel, ByteFallback, Fuse, "
                    + "Replace, Strip, Metaspace, WordPiece and BPEDecoder");
        }
    }

    private static string Spaces(string piece, char mark, bool hidesMark) => hidesMark
        ? piece.Replace(mark.ToString(), string.Empty, StringComparison.Ordinal)
        : piece.Replace(mark, ' ');
}
