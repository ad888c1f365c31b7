using Stip.Client.Templates.Jinja.Expressions;
using Stip.Client.Templates.Jinja.Statements;

namespace Stip.Client.Templates.Jinja.Syntax;

/// <summary>Statements and the text between them.</summary>
internal sealed class TemplateParser
{
    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;

    private TemplateParser(string template)
    {
        _tokens = new TokenReader(TemplateLexer.Tokenize(template));
        _expressions = new ExpressionParser(_tokens);
    }

    public static Block Parse(string template)
    {
        var parser = new TemplateParser(template);
        var block = parser.ParseBlock();
        return parser._tokens.Current.Kind == TokenKind.End
            ? block
            : throw parser._tokens.Fault($"'{parser._tokens.Following.Text}' closes nothing");
    }

    /// <summary>Up to one of these words, which is left to the caller with the tag that it opens.</summary>
    private Block ParseBlock(params string[] ends)
    {
        RenderBudget.GuardStack();
        var statements = new List<Statement>();
        while (true)
        {
            var token = _tokens.Current;
            var closes = token.Kind == TokenKind.BlockStart && IsEnd(_tokens.Following.Text, ends);
            if (token.Kind == TokenKind.End || closes)
            {
                return token.Kind == TokenKind.End && ends.Length > 0
                    ? throw _tokens.Fault($"'{ends[^1]}' is missing")
                    : new Block(statements);
            }

            _tokens.Take();
            statements.Add(token.Kind switch
            {
                TokenKind.Data => new TextStatement(token.Text),
                TokenKind.OutputStart => ParseOutput(),
                _ => ParseTag(),
            });
        }
    }

    private static bool IsEnd(string word, string[] ends) =>
        ends.Contains(word) || (ends.Length == 0 && word is "else" or "elif");

    private WriteStatement ParseOutput()
    {
        var value = _expressions.ParseTuple();
        _tokens.Expect(TokenKind.OutputEnd);
        return new WriteStatement(value);
    }

    private Statement ParseTag()
    {
        var word = _tokens.ExpectName();
        return word switch
        {
            "for" => ParseFor(),
            "if" => ParseIf(),
            "set" => ParseSet(),
            "macro" => ParseMacro(),
            "with" => ParseWith(),
            "filter" => ParseFilter(),
            "generation" => ParseBody("endgeneration"),
            "break" => ParseFlow(Flow.Break),
            "continue" => ParseFlow(Flow.Continue),
            _ => throw _tokens.Fault($"the tag '{word}' is not supported; supported are for, if, set, macro, with, "
                + "filter, generation, raw, break and continue"),
        };
    }

    private FlowStatement ParseFlow(Flow flow)
    {
        _tokens.Expect(TokenKind.BlockEnd);
        return new FlowStatement(flow);
    }

    /// <summary>The rest of this tag, the statements, and the tag that ends them.</summary>
    private Block ParseBody(string end)
    {
        _tokens.Expect(TokenKind.BlockEnd);
        var body = ParseBlock(end);
        CloseWith(end);
        return body;
    }

    private void CloseWith(string end)
    {
        _tokens.Expect(TokenKind.BlockStart);
        _tokens.ExpectName(end);
        _tokens.Expect(TokenKind.BlockEnd);
    }

    private ForStatement ParseFor()
    {
        var target = ParseTarget(withAttributes: false);
        _tokens.ExpectName("in");
        var items = _expressions.ParseItems();
        var condition = _tokens.TakeName("if") ? _expressions.Parse() : null;
        if (_tokens.Current.IsName("recursive"))
        {
            throw _tokens.Fault("recursive loops are not supported");
        }

        _tokens.Expect(TokenKind.BlockEnd);
        var body = ParseBlock("else", "endfor");
        Block? otherwise = null;
        if (_tokens.Following.IsName("else"))
        {
            TakeWord();
            _tokens.Expect(TokenKind.BlockEnd);
            otherwise = ParseBlock("endfor");
        }

        CloseWith("endfor");
        return new ForStatement(target, items, condition, body, otherwise);
    }

    private IfStatement ParseIf()
    {
        var branches = new List<(Expression Condition, Block Body)>();
        do
        {
            var condition = _expressions.ParseTuple();
            _tokens.Expect(TokenKind.BlockEnd);
            branches.Add((condition, ParseBlock("elif", "else", "endif")));
        }
        while (TakeWordIf("elif"));

        Block? otherwise = null;
        if (TakeWordIf("else"))
        {
            _tokens.Expect(TokenKind.BlockEnd);
            otherwise = ParseBlock("endif");
        }

        CloseWith("endif");
        return new IfStatement(branches, otherwise);
    }

    private bool TakeWordIf(string word)
    {
        var found = _tokens.Following.IsName(word);
        if (found)
        {
            TakeWord();
        }

        return found;
    }

    private void TakeWord()
    {
        _tokens.Take();
        _tokens.Take();
    }

    private Statement ParseSet()
    {
        var target = ParseTarget(withAttributes: true);
        if (_tokens.TakeIf("="))
        {
            var value = _expressions.ParseTuple();
            _tokens.Expect(TokenKind.BlockEnd);
            return new SetStatement(target, value);
        }

        var filters = _expressions.Operands.ParseFilterChain(opensWithName: false);
        return new SetBlockStatement(target, ParseBody("endset"), filters);
    }

    private AssignmentTarget ParseTarget(bool withAttributes)
    {
        var parts = new List<AssignmentTarget>();
        var isTuple = false;
        do
        {
            if (parts.Count > 0 && (_tokens.Current.IsName("in") || _tokens.Current.Is("=")))
            {
                break;
            }

            parts.Add(ParseOneTarget(withAttributes));
            isTuple |= _tokens.Current.Is(",");
        }
        while (_tokens.TakeIf(","));

        return isTuple ? new AssignmentTarget(parts, string.Empty, null) : parts[0];
    }

    private AssignmentTarget ParseOneTarget(bool withAttributes)
    {
        RenderBudget.GuardStack();
        if (_tokens.TakeIf("("))
        {
            var inside = ParseTarget(withAttributes);
            _tokens.Expect(")");
            return inside;
        }

        var name = _tokens.ExpectName();
        var attribute = withAttributes && _tokens.TakeIf(".") ? _tokens.ExpectName() : null;
        return new AssignmentTarget(null, name, attribute);
    }

    private MacroStatement ParseMacro()
    {
        var name = _tokens.ExpectName();
        var parameters = new List<(string Name, Expression? Default)>();
        _tokens.Expect("(");
        while (!_tokens.TakeIf(")"))
        {
            parameters.Add((_tokens.ExpectName(), _tokens.TakeIf("=") ? _expressions.Parse() : null));
            if (!_tokens.Current.Is(")"))
            {
                _tokens.Expect(",");
            }
        }

        return new MacroStatement(name, parameters, ParseMacroBody(name));
    }

    private Block ParseMacroBody(string name)
    {
        _tokens.Expect(TokenKind.BlockEnd);
        var body = ParseBlock("endmacro");
        TakeWord();
        _ = _tokens.TakeName(name);
        _tokens.Expect(TokenKind.BlockEnd);
        return body;
    }

    private WithStatement ParseWith()
    {
        var values = new List<(AssignmentTarget Target, Expression Value)>();
        while (_tokens.Current.Kind != TokenKind.BlockEnd)
        {
            var target = ParseOneTarget(withAttributes: false);
            _tokens.Expect("=");
            values.Add((target, _expressions.Parse()));
            if (!_tokens.TakeIf(","))
            {
                break;
            }
        }

        return new WithStatement(values, ParseBody("endwith"));
    }

    private FilterBlockStatement ParseFilter()
    {
        var filters = _expressions.Operands.ParseFilterChain(opensWithName: true);
        return new FilterBlockStatement(ParseBody("endfilter"), filters);
    }
}
