using System.Globalization;
using System.Net;
using System.Text;
using Stip.Onnx.Symmetry.Pictures;

namespace Stip.Export.Pictures;

/// <summary>Draws the nodes of a card as SVG: each below what it reads, weights with a bar for every axis.</summary>
internal sealed class CardDrawing
{
    private const int BoxWidth = 268;
    private const int Gap = 22;
    private const int RowGap = 30;
    private const int TitleHeight = 22;
    private const int WeightHeight = 34;
    private const int BarHeight = 9;
    private const int Padding = 8;
    private const int LongestName = 38;

    private readonly PictureCard _card;
    private readonly (int X, int Y)[] _places;
    private readonly StringBuilder _svg = new();
    private readonly int _height;
    private readonly int _width;

    private CardDrawing(PictureCard card)
    {
        _card = card;
        (_places, _width, _height) = Layout(card);
    }

    public static string Of(PictureCard card)
    {
        var drawing = new CardDrawing(card);
        drawing.DrawEdges();
        for (var i = 0; i < card.Nodes.Count; i++)
        {
            drawing.DrawNode(card.Nodes[i], drawing._places[i]);
        }

        return Text($"<svg width=\"{drawing._width}\" height=\"{drawing._height}\" role=\"img\">")
            + drawing._svg + "</svg>";
    }

    private static int HeightOf(PictureNode node) => TitleHeight + (WeightHeight * node.Weights.Count);

    // Rows by the longest way from the top; a row is as high as its highest box.
    private static ((int X, int Y)[] Places, int Width, int Height) Layout(PictureCard card)
    {
        var depths = new int[card.Nodes.Count];
        for (var i = 0; i < depths.Length; i++)
        {
            depths[i] = card.Nodes[i].Sources.Select(source => depths[source] + 1).DefaultIfEmpty(0).Max();
        }

        var places = new (int X, int Y)[depths.Length];
        var (y, widest) = (Padding, 0);
        foreach (var row in Enumerable.Range(0, depths.Length).GroupBy(i => depths[i]).OrderBy(row => row.Key))
        {
            var x = Padding;
            foreach (var node in row)
            {
                places[node] = (x, y);
                x += BoxWidth + Gap;
            }

            widest = Math.Max(widest, x);
            y += row.Max(node => HeightOf(card.Nodes[node])) + RowGap;
        }

        return (places, Math.Max(widest - Gap + Padding, BoxWidth), y);
    }

    private void DrawEdges()
    {
        for (var i = 0; i < _card.Nodes.Count; i++)
        {
            foreach (var source in _card.Nodes[i].Sources)
            {
                var (x, y) = (_places[source].X + (BoxWidth / 2), _places[source].Y + HeightOf(_card.Nodes[source]));
                var (toX, toY) = (_places[i].X + (BoxWidth / 2), _places[i].Y);
                var colour = _card.Nodes[source].Class is { } number ? ClassColours.Of(number) : ClassColours.Pinned;
                var curve = Text($"M{x} {y} C{x} {y + RowGap} {toX} {toY - RowGap} {toX} {toY}");
                Append($"<path d=\"{curve}\" stroke=\"{colour}\"/>");
            }
        }
    }

    private void DrawNode(PictureNode node, (int X, int Y) place)
    {
        var (x, y) = place;
        var title = Escape(node.Name.Length > 0 ? node.Name : node.Operator);
        Append($"<g><title>{title}</title><rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{BoxWidth}\" "
            + $"height=\"{HeightOf(node)}\" rx=\"5\"/>");
        Append($"<text class=\"op\" x=\"{x + Padding}\" y=\"{y + 15}\">{Escape(node.Operator)}</text>");
        foreach (var (weight, row) in node.Weights.Select((weight, row) => (weight, row)))
        {
            DrawWeight(weight, x + Padding, y + TitleHeight + (WeightHeight * row));
        }

        _svg.Append("</g>");
    }

    private void DrawWeight(PictureWeight weight, int x, int y)
    {
        var shape = string.Join(" × ", weight.Axes.Select(axis => axis.Length));
        Append($"<text x=\"{x}\" y=\"{y + 8}\"><title>{Escape($"{weight.Name} [{shape}]")}</title>"
            + $"{Escape(Short(weight.Name, shape))}</text>");
        var width = (BoxWidth - (2 * Padding) - (4 * (weight.Axes.Count - 1))) / Math.Max(1, weight.Axes.Count);
        foreach (var axis in weight.Axes)
        {
            DrawAxis(axis, x, y + 13, width);
            x += width + 4;
        }
    }

    private void DrawAxis(PictureAxis axis, int x, int y, int width)
    {
        Append($"<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{BarHeight}\" fill=\"{ClassColours.Pinned}\"/>");
        var done = 0;
        foreach (var (number, count) in axis.Shares)
        {
            var (from, to) = (width * done / axis.Length, width * (done + count) / axis.Length);
            Append($"<rect x=\"{x + from}\" y=\"{y}\" width=\"{Math.Max(1, to - from)}\" height=\"{BarHeight}\" "
                + $"fill=\"{ClassColours.Of(number)}\"><title>class {number + 1}: {count} of {axis.Length}</title>"
                + $"</rect>");
            done += count;
        }
    }

    // The end of a name tells more than its beginning.
    private static string Short(string name, string shape)
    {
        var room = Math.Max(8, LongestName - shape.Length);
        return $"{(name.Length > room ? "…" + name[^(room - 1)..] : name)}  [{shape}]";
    }

    private void Append(FormattableString text) => _svg.Append(Text(text));

    private void Append(string text) => _svg.Append(text);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
