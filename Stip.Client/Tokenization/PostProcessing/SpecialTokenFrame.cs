using System.Text.Json;

namespace Stip.Client.Tokenization.PostProcessing;

/// <summary>The special tokens that a single sequence is framed with.</summary>
internal sealed record SpecialTokenFrame(int[] Before, int[] After)
{
    public static SpecialTokenFrame Read(JsonElement? postProcessor) =>
        postProcessor is { } element ? Build(element) : new SpecialTokenFrame([], []);

    private static SpecialTokenFrame Build(JsonElement element) => element.Text("type") switch
    {
        "ByteLevel" => new SpecialTokenFrame([], []),
        "TemplateProcessing" => Template(element),
        "BertProcessing" or "RobertaProcessing" =>
            new SpecialTokenFrame([Pair(element, "cls")], [Pair(element, "sep")]),
        "Sequence" => element.Items("processors").Select(Build)
            .Aggregate(new SpecialTokenFrame([], []), static (inner, outer) => outer.Around(inner)),
        var other => throw new InvalidDataException(
            $"the post-processor '{other}' is not supported; supported are Sequence, ByteLevel, TemplateProcessing, "
            + "BertProcessing and RobertaProcessing"),
    };

    private SpecialTokenFrame Around(SpecialTokenFrame inner) =>
        new([.. Before, .. inner.Before], [.. inner.After, .. After]);

    private static SpecialTokenFrame Template(JsonElement element)
    {
        var (before, after, seen) = (new List<int>(), new List<int>(), false);
        foreach (var part in element.Items("single"))
        {
            if (part.Child("Sequence") is not null)
            {
                seen = true;
            }
            else
            {
                (seen ? after : before).AddRange(Ids(element, part.Required("SpecialToken").Text("id")));
            }
        }

        return new SpecialTokenFrame([.. before], [.. after]);
    }

    private static IEnumerable<int> Ids(JsonElement element, string token) =>
        element.Required("special_tokens").Required(token).Items("ids").Select(id => id.GetInt32());

    private static int Pair(JsonElement element, string name) =>
        element.Items(name).ElementAtOrDefault(1) is { ValueKind: JsonValueKind.Number } id
            ? id.GetInt32()
            : throw new InvalidDataException($"the field '{name}' is not a token with its id");
}
