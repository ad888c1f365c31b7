using System.Text.Json;
using Stip.Client.Tokenization.Languages;

namespace Stip.Client.Tokenization.PostProcessing;

/// <summary>The special tokens that a sequence, or a pair of them, is framed with.</summary>
internal sealed record SpecialTokenFrame(int[] Before, int[] After)
{
    /// <summary>What a pair becomes, in its order.</summary>
    public IReadOnlyList<PairPart> Pair { get; init; } = PairPart.Bare;

    /// <summary>Segments of a single sequence: of the tokens before it, its own, and of those after it; null where all
    /// are the first.</summary>
    public (int[] Before, int Own, int[] After)? Types { get; init; }

    public static SpecialTokenFrame Read(JsonElement? postProcessor) =>
        postProcessor is { } element ? Build(element) : new SpecialTokenFrame([], []);

    /// <summary>The same frame with another language; where it names none, behind its start, or in front.</summary>
    /// <param name="languages">Tells the tokens of languages.</param>
    /// <param name="language">The token that is wanted.</param>
    public SpecialTokenFrame InLanguage(LanguageTokens languages, int language)
    {
        return Before.Concat(After).Any(languages.Contains)
            ? new SpecialTokenFrame([.. Before.Select(Changed)], [.. After.Select(Changed)])
            {
                Pair = [.. Pair.Select(part => part.Sequence is null ? part with { Id = Changed(part.Id) } : part)],
            }
            : Opened(languages.Start, language);

        int Changed(int id) => languages.Contains(id) ? language : id;
    }

    private SpecialTokenFrame Opened(int? start, int language)
    {
        var place = Array.FindIndex(Before, id => id == start) + 1;
        var pairPlace = Pair.ToList().FindIndex(part => part.Sequence is null && part.Id == start) + 1;
        return new SpecialTokenFrame([.. Before[..place], language, .. Before[place..]], After)
        {
            Pair = [.. Pair.Take(pairPlace), PairPart.Token(language, 0), .. Pair.Skip(pairPlace)],
        };
    }

    private static SpecialTokenFrame Build(JsonElement element) => element.Text("type") switch
    {
        "ByteLevel" => new SpecialTokenFrame([], []),
        "TemplateProcessing" => Template(element),
        "BertProcessing" => Classic(element, secondType: 1, seps: 1),
        "RobertaProcessing" => Classic(element, secondType: 0, seps: 2),
        "Sequence" => element.Items("processors").Select(Build)
            .Aggregate(new SpecialTokenFrame([], []), static (inner, outer) => outer.Around(inner)),
        var other => throw new InvalidDataException(
            $"the post-processor '{other}' is not supported; supported are Sequence, ByteLevel, TemplateProcessing, "
            + "BertProcessing and RobertaProcessing"),
    };

    private SpecialTokenFrame Around(SpecialTokenFrame inner) =>
        new([.. Before, .. inner.Before], [.. inner.After, .. After])
        {
            Pair = PairAround(inner.Pair),
            Types = TypesAround(inner),
        };

    // Most only change bytes; where two frame, the outer one's tokens stand before and behind all of the inner one's.
    private IReadOnlyList<PairPart> PairAround(IReadOnlyList<PairPart> inner)
    {
        if (inner.SequenceEqual(PairPart.Bare) || Pair.SequenceEqual(PairPart.Bare))
        {
            return inner.SequenceEqual(PairPart.Bare) ? Pair : inner;
        }

        var before = Pair.TakeWhile(part => part.Sequence is null).ToArray();
        var after = Pair.Reverse().TakeWhile(part => part.Sequence is null).Reverse().ToArray();
        return Pair.Skip(before.Length).SkipLast(after.Length).Select(part => part.Sequence).SequenceEqual([0, 1])
            ? [.. before, .. inner, .. after]
            : throw new InvalidDataException(
                "two post-processors of a sequence frame pairs of texts; the outer one may put tokens before and "
                + "behind the two texts only, once each and in their order");
    }

    // Segments that the inner one gives are kept.
    private (int[] Before, int Own, int[] After)? TypesAround(SpecialTokenFrame inner)
    {
        if (Types is null && inner.Types is null)
        {
            return null;
        }

        var (before, own, after) = Types ?? Uniform(this, 0);
        var within = inner.Types ?? Uniform(inner, own);
        return ([.. before, .. within.Before], within.Own, [.. within.After, .. after]);
    }

    private static (int[] Before, int Own, int[] After) Uniform(SpecialTokenFrame frame, int type) => (
        [.. Enumerable.Repeat(type, frame.Before.Length)], type, [.. Enumerable.Repeat(type, frame.After.Length)]);

    private static SpecialTokenFrame Classic(JsonElement element, int secondType, int seps)
    {
        var (cls, sep) = (Id(element, "cls"), Id(element, "sep"));
        return new SpecialTokenFrame([cls], [sep])
        {
            Pair =
            [
                PairPart.Token(cls, 0), PairPart.Text(0, 0),
                .. Enumerable.Repeat(PairPart.Token(sep, 0), seps),
                PairPart.Text(1, secondType), PairPart.Token(sep, secondType),
            ],
        };
    }

    private static SpecialTokenFrame Template(JsonElement element)
    {
        List<PairPart> single = [.. element.Items("single").SelectMany(part => Parts(element, part))];
        var own = single.FindIndex(part => part.Sequence is not null);
        var (before, after) = own < 0 ? (single, []) : (single[..own], single[(own + 1)..]);
        return new SpecialTokenFrame([.. before.Select(part => part.Id)], [.. after.Select(part => part.Id)])
        {
            Types = single.Exists(part => part.Type != 0)
                ? ([.. before.Select(part => part.Type)], own < 0 ? 0 : single[own].Type,
                    [.. after.Select(part => part.Type)])
                : null,
            Pair = element.Child("pair") is null ? PairPart.Bare
                : [.. element.Items("pair").SelectMany(part => Parts(element, part))],
        };
    }

    private static IEnumerable<PairPart> Parts(JsonElement element, JsonElement part) =>
        part.Child("Sequence") is { } sequence
            ? [PairPart.Text(sequence.Text("id") == "B" ? 1 : 0, Type(sequence))]
            : Ids(element, part.Required("SpecialToken").Text("id"))
                .Select(id => PairPart.Token(id, Type(part.Required("SpecialToken"))));

    private static int Type(JsonElement part) =>
        part.Child("type_id") is { ValueKind: JsonValueKind.Number } type && type.TryGetInt32(out var number)
            ? number
            : 0;

    private static IEnumerable<int> Ids(JsonElement element, string token) =>
        element.Required("special_tokens").Required(token).Items("ids").Select(id => id.GetInt32());

    private static int Id(JsonElement element, string name) =>
        element.Items(name).ElementAtOrDefault(1) is { ValueKind: JsonValueKind.Number } id
            ? id.GetInt32()
            : throw new InvalidDataException($"the field '{name}' is not a token with its id");
}
