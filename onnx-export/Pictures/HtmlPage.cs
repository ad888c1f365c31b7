using System.Globalization;
using System.Net;
using System.Text;
using Stip.Onnx.Symmetry.Pictures;
using Stip.Onnx.Symmetry.Reports;

namespace Stip.Export.Pictures;

/// <summary>One page that shows a model coloured by class: no script, nothing loaded from elsewhere.</summary>
internal static class HtmlPage
{
    private const int MembersShown = 4;
    private const int PinsShown = 200;

    private const string Style = """
        body { font: 13px/1.45 system-ui, sans-serif; margin: 0; color: #1d2330; background: #f4f5f8; }
        header { padding: 18px 24px; background: #fff; border-bottom: 1px solid #dcdfe6; }
        h1 { font-size: 19px; margin: 0 0 4px; } h2 { font-size: 15px; margin: 20px 0 8px; }
        main { display: flex; gap: 24px; padding: 4px 24px 24px; align-items: flex-start; }
        .graphs { flex: 1; min-width: 0; }
        aside { width: 400px; flex: none; max-height: 100vh; overflow: auto; position: sticky; top: 0; }
        .card { background: #fff; border: 1px solid #dcdfe6; border-radius: 8px; margin: 0 0 12px; overflow-x: auto; }
        .card h3 { font-size: 12px; margin: 0; padding: 6px 10px; border-bottom: 1px solid #eceef2; color: #4a5263; }
        svg text { font: 10.5px ui-monospace, monospace; fill: #1d2330; } svg text.op { font-weight: 700; }
        svg .box { fill: #fafbfc; stroke: #c6cad4; } svg path { fill: none; stroke-width: 2.5; opacity: .75; }
        table { border-collapse: collapse; width: 100%; background: #fff; }
        td, th { border-bottom: 1px solid #eceef2; padding: 3px 6px; text-align: left; vertical-align: top; }
        td { overflow-wrap: anywhere; } .n { text-align: right; white-space: nowrap; }
        .s { width: 14px; height: 14px; border-radius: 3px; display: inline-block; }
        """;

    /// <summary>Writes the page.</summary>
    /// <param name="name">What is shown.</param>
    /// <param name="report">Its classes.</param>
    /// <param name="pictures">Its graphs.</param>
    public static string Write(string name, SymmetryReport report, IReadOnlyList<PicturePart> pictures)
    {
        var page = new StringBuilder();
        page.Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
            .Append(Escape(name)).Append("</title><style>").Append(Style).Append("</style></head><body><header><h1>")
            .Append(Escape(name)).Append("</h1>").Append(string.Create(
                CultureInfo.InvariantCulture,
                $"{report.Classes.Count} classes of axes that move as one; about 2<sup>{report.KeyBits:F0}</sup> keys; "
                + $"{report.MovedShare:P1} of the server's weight bytes move. A bar is an axis of a weight: its colour "
                + $"is its class, grey stays in place. Lines are coloured by the class in which values travel."))
            .Append("</header><main><div class=\"graphs\">");
        foreach (var part in pictures)
        {
            page.Append("<h2>").Append(Escape(part.Title)).Append("</h2>");
            foreach (var card in part.Cards)
            {
                page.Append("<div class=\"card\"><h3>").Append(Title(card)).Append("</h3>")
                    .Append(CardDrawing.Of(card)).Append("</div>");
            }
        }

        page.Append("</div><aside>");
        AppendClasses(page, report);
        AppendPins(page, report);
        return page.Append("</aside></main></body></html>\n").ToString();
    }

    private static string Title(PictureCard card) => card switch
    {
        { FirstLayer: null } => "outside the layers",
        { FirstLayer: { } first, LastLayer: { } last } when last != first => string.Create(
            CultureInfo.InvariantCulture,
            $"layers {first} to {last}: {last - first + 1} that look the same, the first is drawn; classes of one "
            + $"layer are other ones in the next"),
        _ => string.Create(CultureInfo.InvariantCulture, $"layer {card.FirstLayer}"),
    };

    private static void AppendClasses(StringBuilder page, SymmetryReport report)
    {
        page.Append("<h2>Classes</h2><table><tr><th></th><th class=\"n\">size</th><th>where</th><th>in it</th></tr>");
        foreach (var (group, number) in report.Classes.Select((group, number) => (group, number)))
        {
            var shown = group.Members.Take(MembersShown)
                .Select(member => member.Axis is { } axis ? $"{member.Name}[{axis}]" : member.Name);
            var more = group.Members.Count - MembersShown;
            page.Append("<tr><td><span class=\"s\" style=\"background:").Append(ClassColours.Of(number))
                .Append("\"></span></td><td class=\"n\">").Append(CultureInfo.InvariantCulture, $"{group.Size}")
                .Append("</td><td>").Append(Escape(string.Join(", ", shown) + (more > 0 ? $" and {more} more" : "")))
                .Append("</td><td>").Append(Structure(report, group)).Append("</td></tr>");
        }

        page.Append("</table>");
    }

    // Blocks, the classes that it leans on by their colours, and maps beside permutations.
    private static string Structure(SymmetryReport report, SymmetryClass group)
    {
        var text = new StringBuilder();
        if (group.Blocks.Count > 0)
        {
            text.Append("blocks of ").AppendJoin(", ", group.Blocks).Append("; ");
        }

        foreach (var number in group.Within)
        {
            text.Append("<span class=\"s\" title=\"").Append(Escape(report.Classes[number].Members[0].Name))
                .Append("\" style=\"background:").Append(ClassColours.Of(number)).Append("\"></span> ");
        }

        return text.Append(group.Maps).ToString();
    }

    private static void AppendPins(StringBuilder page, SymmetryReport report)
    {
        page.Append("<h2>What stays</h2><table><tr><th>where</th><th class=\"n\">indices</th><th>why</th></tr>");
        foreach (var axis in report.Pinned.Take(PinsShown))
        {
            page.Append("<tr><td>").Append(Escape($"{axis.Initializer}[{axis.Axis}]")).Append("</td><td class=\"n\">")
                .Append(CultureInfo.InvariantCulture, $"{axis.Count}").Append("</td><td>")
                .Append(Escape(axis.Reason)).Append("</td></tr>");
        }

        page.Append("</table>");
        if (report.Pinned.Count > PinsShown)
        {
            page.Append(CultureInfo.InvariantCulture, $"and {report.Pinned.Count - PinsShown} more: inspect --json");
        }

        foreach (var operation in report.Unruled)
        {
            page.Append("<p>pinned: ").Append(Escape(operation)).Append("</p>");
        }
    }

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
