using System.Globalization;
using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry.Pictures;

/// <summary>Puts nodes on cards by layer, and takes layers together that look the same.</summary>
internal static class CardStack
{
    public static IReadOnlyList<PictureCard> Of(IReadOnlyList<(int? Layer, PictureNode Node)> nodes)
    {
        var last = nodes.Max(node => node.Layer);
        var end = nodes.Select((node, place) => (node.Node, place)).LastOrDefault(entry =>
            nodes[entry.place].Layer == last && last is not null && LayerOfNames(entry.Node) == last).place;
        int?[] layers = [.. nodes.Select((node, place) => last is not null && place > end
            && LayerOfNames(node.Node) is null ? null : node.Layer)];
        var cards = new List<(int? Layer, List<int> Places)>();
        for (var place = 0; place < nodes.Count; place++)
        {
            if (cards.Count == 0 || cards[^1].Layer != layers[place])
            {
                cards.Add((layers[place], []));
            }

            cards[^1].Places.Add(place);
        }

        return Together([.. cards.Select(card => Card(card.Layer, card.Places, nodes))]);
    }

    private static int? LayerOfNames(PictureNode node)
    {
        var proto = new NodeProto { Name = node.Name };
        proto.Input.Add(node.Weights.Select(weight => weight.Name));
        return LayerNames.Of(proto);
    }

    private static PictureCard Card(
        int? layer, List<int> places, IReadOnlyList<(int? Layer, PictureNode Node)> nodes) => new(
        layer,
        layer,
        [.. places.Select(place => nodes[place].Node with
        {
            Sources = [.. nodes[place].Node.Sources.Select(source => places.IndexOf(source))
                .Where(source => source >= 0)],
        })]);

    private static List<PictureCard> Together(List<PictureCard> cards)
    {
        var spread = cards.SelectMany((card, number) => Classes(card).Select(found => (found, number)))
            .GroupBy(entry => entry.found).Where(group => group.Select(entry => entry.number).Distinct().Count() > 1)
            .Select(group => group.Key).ToHashSet();
        var kept = new List<PictureCard>();
        foreach (var card in cards)
        {
            if (kept.Count > 0 && card.FirstLayer is not null && kept[^1].FirstLayer is not null
                && Look(kept[^1], spread) == Look(card, spread))
            {
                kept[^1] = kept[^1] with { LastLayer = card.FirstLayer };
            }
            else
            {
                kept.Add(card);
            }
        }

        return kept;
    }

    private static IEnumerable<int> Classes(PictureCard card) => card.Nodes.SelectMany(node => node.Weights)
        .SelectMany(weight => weight.Axes).SelectMany(axis => axis.Shares).Select(share => share.Class).Distinct();

    // Classes that several layers share count by their number, those of one layer by the order in which they come.
    private static string Look(PictureCard card, HashSet<int> spread)
    {
        var own = new Dictionary<int, int>();
        return string.Join('\n', card.Nodes.Select(node => string.Join(' ',
            node.Weights.SelectMany(weight => weight.Axes.SelectMany(axis => axis.Shares
                    .Select(share => $"{ClassName(share.Class)}*{share.Count}/{axis.Length}"))
                .Prepend(LayerNames.Open(weight.Name)))
            .Prepend(node.Operator).Concat(node.Sources.Select(source =>
                source.ToString(CultureInfo.InvariantCulture))))));

        string ClassName(int number)
        {
            own.TryAdd(number, own.Count);
            return spread.Contains(number) ? $"all{number}" : $"own{own[number]}";
        }
    }
}
