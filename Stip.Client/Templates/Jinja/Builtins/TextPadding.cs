using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>Texts brought to a width, which is counted by code point.</summary>
internal static class TextPadding
{
    /// <summary>Fills up before, behind or on both sides.</summary>
    public static string Pad(string text, CallArguments call, int before, int behind)
    {
        var fill = call.Text(1, "fillchar", " ");
        if (CodePoints.Length(fill) != 1)
        {
            throw new ChatTemplateException("the fill character must be exactly one character long");
        }

        var (width, missing) = (Width(call), Missing(text, call));
        var left = before == 0 ? 0 : behind == 0 ? missing : (missing / 2) + (missing & width & 1);
        return Filled(fill, left) + text + Filled(fill, missing - left);
    }

    /// <summary>Fills up with zeros, behind a sign.</summary>
    public static string FillWithZeros(string text, CallArguments call)
    {
        var sign = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        return text[..sign] + new string('0', Missing(text, call)) + text[sign..];
    }

    private static string Filled(string fill, int count) => string.Concat(Enumerable.Repeat(fill, count));

    private static int Missing(string text, CallArguments call) =>
        Math.Max(0, Width(call) - CodePoints.Length(text));

    private static int Width(CallArguments call) => call.Has(0, "width")
        ? (int)Math.Clamp(call.Integer(0, "width", 0), 0, RenderBudget.LongestText)
        : throw new ChatTemplateException("a call lacks its argument 'width'");
}
