using System.Text;

namespace Stip.Client.Templates.Jinja.Statements;

/// <summary>The text that comes into being, bounded.</summary>
internal sealed class Output
{
    private readonly StringBuilder _text = new();

    public void Write(string text)
    {
        if (_text.Length + text.Length > RenderBudget.LongestText)
        {
            throw new ChatTemplateException($"the rendered text is longer than {RenderBudget.LongestText} characters");
        }

        _text.Append(text);
    }

    public override string ToString() => _text.ToString();
}
