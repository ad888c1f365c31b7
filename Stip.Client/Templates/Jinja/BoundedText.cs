using System.Text;

namespace Stip.Client.Templates.Jinja;

/// <summary>A text that comes into being part by part, and is refused before it is too long.</summary>
internal sealed class BoundedText
{
    private readonly StringBuilder _text = new();

    public int Length => _text.Length;

    public BoundedText Append(string text)
    {
        Reserve(text.Length);
        _text.Append(text);
        return this;
    }

    public BoundedText Append(ReadOnlySpan<char> text)
    {
        Reserve(text.Length);
        _text.Append(text);
        return this;
    }

    public BoundedText Append(char character, int count = 1)
    {
        Reserve(count);
        _text.Append(character, count);
        return this;
    }

    public override string ToString() => _text.ToString();

    private void Reserve(int more)
    {
        if (more > RenderBudget.LongestText - _text.Length)
        {
            throw new ChatTemplateException(
                $"the chat template makes a text of more than {RenderBudget.LongestText} characters");
        }
    }
}
