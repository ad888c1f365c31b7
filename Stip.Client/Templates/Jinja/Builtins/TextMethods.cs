using System.Text;
using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>The methods of a text, as Python has them.</summary>
internal static class TextMethods
{
    private static readonly Dictionary<string, Func<string, CallArguments, object?>> Methods =
        new(StringComparer.Ordinal)
        {
            ["strip"] = (text, call) => PythonSpaces.Strip(text, true, true, Characters(call)),
            ["lstrip"] = (text, call) => PythonSpaces.Strip(text, true, false, Characters(call)),
            ["rstrip"] = (text, call) => PythonSpaces.Strip(text, false, true, Characters(call)),
            ["upper"] = (text, _) => TextCase.Upper(text),
            ["lower"] = (text, _) => TextCase.Lower(text),
            ["title"] = (text, _) => TextCase.Title(text),
            ["capitalize"] = (text, _) => TextCase.Capitalize(text),
            ["split"] = TextSplitting.Split,
            ["rsplit"] = TextSplitting.SplitFromRight,
            ["splitlines"] = (text, call) => TextSplitting.Lines(text, call.Flag(0, "keepends", false)),
            ["partition"] = (text, call) => TextSplitting.Partition(text, call.Text(0, "sep"), fromRight: false),
            ["rpartition"] = (text, call) => TextSplitting.Partition(text, call.Text(0, "sep"), fromRight: true),
            ["startswith"] = (text, call) =>
                Affixes(call, "prefix").Any(prefix => text.StartsWith(prefix, StringComparison.Ordinal)),
            ["endswith"] = (text, call) =>
                Affixes(call, "suffix").Any(suffix => text.EndsWith(suffix, StringComparison.Ordinal)),
            ["removeprefix"] = (text, call) => call.Text(0, "prefix") is var prefix
                && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text,
            ["removesuffix"] = (text, call) => call.Text(0, "suffix") is var suffix
                && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text,
            ["replace"] = (text, call) => TextSplitting.Replace(
                text, call.Text(0, "old"), call.Text(1, "new"), call.Integer(2, "count", -1), call.Budget),
            ["join"] = (text, call) => call.Budget.Count(string.Join(
                text, Sequences.Items(call.Required(0, "iterable")).Select(item => item as string
                    ?? throw new ChatTemplateException($"join takes texts, not {TypeNames.Of(item)}")))),
            ["find"] = (text, call) => Place(text, text.IndexOf(call.Text(0, "sub"), StringComparison.Ordinal)),
            ["rfind"] = (text, call) => Place(text, text.LastIndexOf(call.Text(0, "sub"), StringComparison.Ordinal)),
            ["index"] = (text, call) => text.IndexOf(call.Text(0, "sub"), StringComparison.Ordinal) is >= 0 and var at
                ? Place(text, at)
                : throw new ChatTemplateException("the text that index looks for is not there"),
            ["count"] = (text, call) => TextSplitting.Count(text, call.Text(0, "sub")),
            ["isdigit"] = (text, _) => text.Length > 0 && text.All(char.IsDigit),
            ["isnumeric"] = (text, _) => text.Length > 0 && text.All(char.IsNumber),
            ["isalpha"] = (text, _) => text.Length > 0 && text.EnumerateRunes().All(Rune.IsLetter),
            ["isalnum"] = (text, _) => text.Length > 0 && text.EnumerateRunes().All(Rune.IsLetterOrDigit),
            ["isspace"] = (text, _) => text.Length > 0 && text.All(PythonSpaces.IsSpace),
            ["isupper"] = (text, _) => text.Any(char.IsLetter) && !text.Any(char.IsLower),
            ["islower"] = (text, _) => text.Any(char.IsLetter) && !text.Any(char.IsUpper),
            ["ljust"] = (text, call) => text.PadRight(Width(call)),
            ["rjust"] = (text, call) => text.PadLeft(Width(call)),
            ["format"] = (text, call) => BraceFormat.Apply(text, call),
            ["zfill"] = (text, call) => text.PadLeft(Width(call), '0'),
        };

    public static TemplateFunction? Find(string text, string name) => Methods.TryGetValue(name, out var method)
        ? arguments => Counted(method(text, arguments), arguments.Budget)
        : null;

    private static object? Counted(object? made, RenderBudget budget) =>
        made is string text ? budget.Count(text) : made;

    private static string? Characters(CallArguments call) =>
        call.Get(0, "chars") is null ? null : call.Text(0, "chars");

    private static IEnumerable<string> Affixes(CallArguments call, string name) =>
        call.Required(0, name) is object?[] all ? all.OfType<string>() : [call.Text(0, name)];

    private static long Place(string text, int index) =>
        index < 0 ? -1 : CodePoints.Length(text[..index]);

    private static int Width(CallArguments call) =>
        (int)Math.Clamp(call.Integer(0, "width", 0), 0, RenderBudget.LongestText);
}
