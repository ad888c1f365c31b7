using Stip.Client.Grammars;

namespace Stip.Client.Tools;

/// <summary>One call as a grammar, written as the dialect's models were taught to.</summary>
internal static class ToolGrammar
{
    private const string Arguments = "arguments";

    public static GrammarNode Of(ToolDialect dialect, IEnumerable<ToolFunction> functions)
    {
        var key = dialect == ToolDialect.Object ? "parameters" : Arguments;
        var call = new Choice([.. functions.Select(function => Call(function, key))]);
        return dialect switch
        {
            ToolDialect.Block => new Sequence(
                Sequence.Literal($"{ToolMarks.BeginBlock}\n"), call, Sequence.Literal($"\n{ToolMarks.EndBlock}")),
            // The mark is often a special token, which has no text; the list says all.
            ToolDialect.List => new Sequence(
                Choice.Optional(Sequence.Literal($"{ToolMarks.BeginList} ")),
                Sequence.Literal("["),
                call,
                Sequence.Literal("]")),
            _ => call,
        };
    }

    private static Sequence Call(ToolFunction function, string key) => new(
        Sequence.Literal("{\"name\": "),
        JsonRules.Name(function.Name),
        Sequence.Literal($", \"{key}\": "),
        function.Arguments(),
        Sequence.Literal("}"));
}
