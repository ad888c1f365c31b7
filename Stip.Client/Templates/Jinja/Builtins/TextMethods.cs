using System.Text;
using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>The methods of a text, as Python has them.</summary>
internal static class TextMethods
{
    private static readonly Dictionary<string, (string[] Takes, Func<string, CallArguments, object?> Call)> Methods =
        new(StringComparer.Ordinal)
        {
            ["strip"] = (["chars"], (text, call) => Strip(text, call, true, true)),
            ["lstrip"] = (["chars"], (text, call) => Strip(text, call, true, false)),
            ["rstrip"] = (["chars"], (text, call) => Strip(text, call, false, true)),
            ["upper"] = ([], (text, _) => TextCase.Upper(text)),
            ["lower"] = ([], (text, _) => TextCase.Lower(text)),
            ["title"] = ([], (text, _) => TextCase.Title(text)),
            ["capitalize"] = ([], (text, _) => TextCase.Capitalize(text)),
            ["split"] = (["sep", "maxsplit"], TextSplitting.Split),
            ["rsplit"] = (["sep", "maxsplit"], TextSplitting.SplitFromRight),
            ["splitlines"] = (["keepends"], (text, call) => TextSplitting.Lines(text, call.Flag(0, "keepends", false))),
            ["partition"] = (["sep"], (text, call) => TextSplitting.Partition(text, call, fromRight: false)),
            ["rpartition"] = (["sep"], (text, call) => TextSplitting.Partition(text, call, fromRight: true)),
            ["startswith"] = (["prefix", "start", "end"], (text, call) => TextSearch.Affixes(
                text, call, "prefix", (part, prefix) => part.StartsWith(prefix, StringComparison.Ordinal))),
            ["endswith"] = (["suffix", "start", "end"], (text, call) => TextSearch.Affixes(
                text, call, "suffix", (part, suffix) => part.EndsWith(suffix, StringComparison.Ordinal))),
            ["removeprefix"] = (["prefix"], (text, call) => call.Text(0, "prefix") is var prefix
                && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text),
            ["removesuffix"] = (["suffix"], (text, call) => call.Text(0, "suffix") is var suffix
                && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text),
            ["replace"] = (["old", "new", "count"], (text, call) => TextSplitting.Replace(
                text, call.Text(0, "old"), call.Text(1, "new"), call.Integer(2, "count", -1), call.Budget)),
            ["join"] = (["iterable"], Join),
            ["find"] = (TextSearch.Takes, (text, call) => TextSearch.Find(text, call, fromRight: false)),
            ["rfind"] = (TextSearch.Takes, (text, call) => TextSearch.Find(text, call, fromRight: true)),
            ["index"] = (TextSearch.Takes, (text, call) => TextSearch.Index(text, call, fromRight: false)),
            ["rindex"] = (TextSearch.Takes, (text, call) => TextSearch.Index(text, call, fromRight: true)),
            ["count"] = (TextSearch.Takes, (text, call) => TextSearch.Count(text, call)),
            ["isdigit"] = ([], (text, _) => text.Length > 0 && text.All(char.IsDigit)),
            ["isnumeric"] = ([], (text, _) => text.Length > 0 && text.All(char.IsNumber)),
            ["isalpha"] = ([], (text, _) => text.Length > 0 && text.EnumerateRunes().All(Rune.IsLetter)),
            ["isalnum"] = ([], (text, _) => text.Length > 0 && text.EnumerateRunes().All(Rune.IsLetterOrDigit)),
            ["isspace"] = ([], (text, _) => text.Length > 0 && text.All(PythonSpaces.IsSpace)),
            ["isupper"] = ([], (text, _) => text.Any(char.IsLetter) && !text.Any(char.IsLower)),
            ["islower"] = ([], (text, _) => text.Any(char.IsLetter) && !text.Any(char.IsUpper)),
            ["ljust"] = (["width", "fillchar"], (text, call) => TextPadding.Pad(text, call, 0, 1)),
            ["rjust"] = (["width", "fillchar"], (text, call) => TextPadding.Pad(text, call, 1, 0)),
            ["center"] = (["width", "fillchar"], (text, call) => TextPadding.Pad(text, call, 1, 1)),
            ["zfill"] = (["width"], TextPadding.FillWithZeros),
        };

    public static TemplateFunction? Find(string text, string name)
    {
        if (name == "format")
        {
            return arguments => Run(text, arguments, BraceFormat.Apply);
        }

        return Methods.TryGetValue(name, out var method)
            ? arguments => Run(text, arguments.Only(name, method.Takes), method.Call)
            : null;
    }

    private static object? Run(string text, CallArguments arguments, Func<string, CallArguments, object?> method)
    {
        arguments.Budget.Read(text);
        return method(text, arguments) switch
        {
            string made => arguments.Budget.Count(made),
            List<object?> made => arguments.Budget.Count(made),
            var made => made,
        };
    }

    private static string Strip(string text, CallArguments call, bool left, bool right)
    {
        var characters = call.Get(0, "chars") is null ? null : call.Text(0, "chars");
        call.Budget.Search(text, characters ?? string.Empty);
        return PythonSpaces.Strip(text, left, right, characters);
    }

    private static string Join(string text, CallArguments call) => ListFilters.Join(
        text, Sequences.Items(call.Required(0, "iterable"), call.Budget).Select(item => item as string
            ?? throw new ChatTemplateException($"join takes texts, not {TypeNames.Of(item)}")));
}
