using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Stip.Client.Tokenization.PreTokenization;

namespace Stip.Client.Tokenization.Patterns;

/// <summary>
/// A literal or a regular expression of a tokenizer file, matched by code point as the reference does.
/// </summary>
internal sealed class TextPattern
{
    // A pattern comes from a model folder: one that backtracks without end must not hang the client.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private readonly string? _literal;
    private readonly Regex? _regex;
    private readonly TimeSpan _limit;

    private TextPattern(string? literal, Regex? regex, TimeSpan? limit = null) =>
        (_literal, _regex, _limit) = (literal, regex, limit ?? Limit);

    public static TextPattern Literal(string literal) => new(literal, null);

    public static TextPattern Expression(Regex regex) => new(null, regex);

    /// <param name="onigurumaPattern">In Oniguruma's syntax.</param>
    /// <param name="limit">For one text; null for the usual.</param>
    public static TextPattern Expression(string onigurumaPattern, TimeSpan? limit = null)
    {
        try
        {
            var translated = OnigurumaSyntax.Translate(onigurumaPattern);
            return new TextPattern(null, new Regex(translated, RegexOptions.CultureInvariant, limit ?? Limit), limit);
        }
        catch (ArgumentException)
        {
            throw new InvalidDataException("a regular expression of the tokenizer is not one that can be read");
        }
    }

    public static TextPattern Read(JsonElement pattern) =>
        pattern.ValueKind == JsonValueKind.String ? Literal(pattern.GetString()!)
        : pattern.OptionalText("String") is { } literal ? Literal(literal)
        : Expression(pattern.Text("Regex"));

    /// <summary>The whole text as alternating gaps and matches; nothing empty among them.</summary>
    public List<TextSpan> Split(string text)
    {
        var spans = new List<TextSpan>();
        var end = 0;
        foreach (var match in Matches(text))
        {
            Add(spans, end, match.Start, false);
            Add(spans, match.Start, match.End, true);
            end = match.End;
        }

        Add(spans, end, text.Length, false);
        return spans;
    }

    public string Replace(string text, string content)
    {
        if (_literal is { Length: > 0 })
        {
            return text.Replace(_literal, content, StringComparison.Ordinal);
        }

        var replaced = new StringBuilder(text.Length);
        var end = 0;
        foreach (var match in Matches(text))
        {
            replaced.Append(text, end, match.Start - end).Append(content);
            end = match.End;
        }

        return replaced.Append(text, end, text.Length - end).ToString();
    }

    private static void Add(List<TextSpan> spans, int start, int end, bool isMatch)
    {
        if (start < end)
        {
            spans.Add(new TextSpan(start, end, isMatch));
        }
    }

    private IEnumerable<TextSpan> Matches(string text) => _regex is null ? Occurrences(text) : Found(text);

    private IEnumerable<TextSpan> Occurrences(string text)
    {
        for (var at = 0; _literal!.Length > 0; at += _literal.Length)
        {
            at = text.IndexOf(_literal, at, StringComparison.Ordinal);
            if (at < 0)
            {
                yield break;
            }

            yield return new TextSpan(at, at + _literal.Length, true);
        }
    }

    private List<TextSpan> Found(string text)
    {
        var stand = AstralStandIns.Create(text);
        var found = new List<TextSpan>();
        var start = Stopwatch.GetTimestamp();
        try
        {
            foreach (var match in _regex!.EnumerateMatches(stand.Text))
            {
                // The regex takes its time for each match anew.
                if (Stopwatch.GetElapsedTime(start) > _limit)
                {
                    throw new RegexMatchTimeoutException();
                }

                found.Add(new TextSpan(stand.Original(match.Index), stand.Original(match.Index + match.Length), true));
            }
        }
        catch (RegexMatchTimeoutException)
        {
            throw new InvalidDataException($"a pattern of the tokenizer takes more than {_limit.TotalSeconds} s");
        }

        return found;
    }
}
