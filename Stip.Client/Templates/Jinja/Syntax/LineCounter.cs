namespace Stip.Client.Templates.Jinja.Syntax;

/// <summary>The line of a position; positions are asked for in rising order.</summary>
internal sealed class LineCounter(string source)
{
    private int _seen;
    private int _line = 1;

    public int Of(int position)
    {
        var end = Math.Min(position, source.Length);
        if (end > _seen)
        {
            _line += source.AsSpan(_seen, end - _seen).Count('\n');
            _seen = end;
        }

        return _line;
    }

    public ChatTemplateException Fault(int position, string what) =>
        new($"line {Of(position)} of the chat template: {what}");
}
