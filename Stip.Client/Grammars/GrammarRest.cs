namespace Stip.Client.Grammars;

/// <summary>What is still to come: a rule and what follows it. Null is the end.</summary>
internal sealed record GrammarRest(GrammarNode Node, GrammarRest? Next);
