using System.CommandLine;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary>The prompt: words on the command line, or standard input where it is redirected.</summary>
/// <param name="otherwise">What happens without it.</param>
internal sealed class PromptArgument(string otherwise = "without it standard input is read")
{
    private readonly Argument<string[]> _words = new("PROMPT")
    {
        Arity = ArgumentArity.ZeroOrMore,
        Description = $"The prompt; {otherwise}.",
    };

    public void AddTo(Command command) => command.Arguments.Add(_words);

    /// <summary>Null where there is none and a person sits at the terminal.</summary>
    public string? Read(ParseResult parsed) => parsed.GetValue(_words) switch
    {
        { Length: > 0 } words => string.Join(' ', words),
        _ when Console.IsInputRedirected => WithoutLastLineEnd(Console.In.ReadToEnd()) is { Length: > 0 } text
            ? text
            : throw new RefusedException("the prompt is empty: give PROMPT or text on standard input"),
        _ => null,
    };

    /// <summary>A text as it was meant: programs end its last line.</summary>
    internal static string WithoutLastLineEnd(string text) =>
        text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2]
        : text.EndsWith('\n') ? text[..^1]
        : text;

    /// <summary>The prompt where one may be left out; empty where there is none. Standard input is read where it is
    /// asked for with a <c>-</c>: of a program that starts this one it may stay open. The end of its last line is
    /// none of the text.</summary>
    public string ReadOrNothing(ParseResult parsed) => parsed.GetValue(_words) switch
    {
        ["-"] => Console.In.ReadToEnd().TrimEnd('\r', '\n'),
        { Length: > 0 } words => string.Join(' ', words),
        _ => "",
    };

    /// <summary>The prompt, before anything is opened: a person may take long to write it.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="missing">What to give where there is none.</param>
    public string ReadText(ParseResult parsed, string missing = "PROMPT") =>
        Read(parsed) ?? throw new RefusedException($"the text is missing: give {missing}");
}
