namespace Stip.Client.Templates.Jinja.Values;

/// <summary>
/// What a name stands for that has no value: empty as text, false as a condition, an error in most else.
/// </summary>
internal sealed class Undefined(string reason)
{
    public static Undefined Nothing { get; } = new("a value is undefined");

    public ChatTemplateException Error => new(reason);
}
