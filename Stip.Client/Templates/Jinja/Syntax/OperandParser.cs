using System.Globalization;
using Stip.Client.Templates.Jinja.Builtins;
using Stip.Client.Templates.Jinja.Expressions;

namespace Stip.Client.Templates.Jinja.Syntax;

/// <summary>
/// What operators stand between: literals, names, members, calls, and the filters and tests behind them.
/// </summary>
internal sealed class OperandParser(TokenReader tokens, ExpressionParser expressions)
{
    public static bool StartsExpression(Token token) => token.Kind switch
    {
        TokenKind.Text or TokenKind.Integer or TokenKind.Float => true,
        TokenKind.Name => token.Text is not ("in" or "if" or "else"),
        TokenKind.Sign => token.Text is "(" or "[" or "{" or "-" or "+",
        _ => false,
    };

    /// <summary>The filters behind a value that is not written: of a set block or a filter block.</summary>
    public Func<Expression, Expression> ParseFilterChain(bool opensWithName)
    {
        Func<Expression, Expression> chain = static value => value;
        for (var goesOn = opensWithName || tokens.TakeIf("|"); goesOn; goesOn = tokens.TakeIf("|"))
        {
            var (inner, name) = (chain, tokens.ExpectName());
            var filter = Filters.Find(name);
            var arguments = tokens.TakeIf("(") ? ParseArguments() : ArgumentList.Empty;
            chain = value => new Filter(name, filter, inner(value), arguments);
        }

        return chain;
    }

    public Expression ParseUnary(bool withFilters)
    {
        RenderBudget.GuardStack();
        var value = tokens.Current.Is("-") || tokens.Current.Is("+")
            ? new Unary(tokens.Take().Text, ParseUnary(withFilters: false))
            : ParsePrimary();
        value = ParsePostfix(value);
        return withFilters ? ParseFilters(value) : value;
    }

    private Expression ParsePrimary()
    {
        var token = tokens.Take();
        switch (token.Kind)
        {
            case TokenKind.Text:
                var text = token.Text;
                while (tokens.Current.Kind == TokenKind.Text)
                {
                    text += tokens.Take().Text;
                }

                return new Constant(text);
            case TokenKind.Integer:
                return long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var integer)
                    ? new Constant(integer)
                    : throw tokens.Fault($"{token.Text} is outside the integers of 64 bits");
            case TokenKind.Float:
                return new Constant(double.Parse(token.Text, NumberStyles.Float, CultureInfo.InvariantCulture));
            case TokenKind.Name:
                return Named(token.Text);
            default:
                return token.Text switch
                {
                    "(" when token.Kind == TokenKind.Sign => ParseParentheses(),
                    "[" when token.Kind == TokenKind.Sign => new ListLiteral(ParseItems("]"), isTuple: false),
                    "{" when token.Kind == TokenKind.Sign => ParseMap(),
                    _ => throw tokens.Fault("an expression is expected"),
                };
        }
    }

    private static Expression Named(string name) => name switch
    {
        "true" or "True" => new Constant(true),
        "false" or "False" => new Constant(false),
        "none" or "None" => new Constant(null),
        _ => new Variable(name),
    };

    private Expression ParseParentheses()
    {
        if (tokens.TakeIf(")"))
        {
            return new ListLiteral([], isTuple: true);
        }

        var inside = expressions.ParseTuple();
        tokens.Expect(")");
        return inside;
    }

    private List<Expression> ParseItems(string close)
    {
        var items = new List<Expression>();
        while (!tokens.TakeIf(close))
        {
            items.Add(expressions.Parse());
            if (!tokens.Current.Is(close))
            {
                tokens.Expect(",");
            }
        }

        return items;
    }

    private MapLiteral ParseMap()
    {
        var entries = new List<(Expression Key, Expression Value)>();
        while (!tokens.TakeIf("}"))
        {
            var key = expressions.Parse();
            tokens.Expect(":");
            entries.Add((key, expressions.Parse()));
            if (!tokens.Current.Is("}"))
            {
                tokens.Expect(",");
            }
        }

        return new MapLiteral(entries);
    }

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            if (tokens.TakeIf("."))
            {
                value = tokens.Current.Kind == TokenKind.Integer
                    ? new Member(value, ParsePrimary(), isAttribute: false)
                    : new Member(value, new Constant(tokens.ExpectName()), isAttribute: true);
            }
            else if (tokens.TakeIf("["))
            {
                value = ParseSubscript(value);
            }
            else if (tokens.TakeIf("("))
            {
                value = new Call(value, ParseArguments());
            }
            else
            {
                return value;
            }
        }
    }

    private Expression ParseSubscript(Expression value)
    {
        var start = tokens.Current.Is(":") ? null : expressions.Parse();
        if (tokens.TakeIf("]"))
        {
            return new Member(value, start!, isAttribute: false);
        }

        tokens.Expect(":");
        var stop = tokens.Current.Is(":") || tokens.Current.Is("]") ? null : expressions.Parse();
        var step = tokens.TakeIf(":") && !tokens.Current.Is("]") ? expressions.Parse() : null;
        tokens.Expect("]");
        return new Slice(value, start, stop, step);
    }

    private ArgumentList ParseArguments()
    {
        var positional = new List<Expression>();
        var named = new List<(string Name, Expression Value)>();
        while (!tokens.TakeIf(")"))
        {
            if (tokens.Current.Kind == TokenKind.Name && tokens.Following.Is("="))
            {
                var name = tokens.Take().Text;
                tokens.Take();
                named.Add((name, expressions.Parse()));
            }
            else
            {
                positional.Add(expressions.Parse());
            }

            if (!tokens.Current.Is(")"))
            {
                tokens.Expect(",");
            }
        }

        return new ArgumentList(positional, named);
    }

    private Expression ParseFilters(Expression value)
    {
        while (true)
        {
            if (tokens.TakeIf("|"))
            {
                var name = ParseDottedName();
                value = new Filter(
                    name, Filters.Find(name), value, tokens.TakeIf("(") ? ParseArguments() : ArgumentList.Empty);
            }
            else if (tokens.TakeName("is"))
            {
                value = ParseTest(value);
            }
            else if (tokens.TakeIf("("))
            {
                value = new Call(value, ParseArguments());
            }
            else
            {
                return value;
            }
        }
    }

    private string ParseDottedName()
    {
        var name = tokens.ExpectName();
        while (tokens.TakeIf("."))
        {
            name += "." + tokens.ExpectName();
        }

        return name;
    }

    private Test ParseTest(Expression value)
    {
        var isNegated = tokens.TakeName("not");
        var test = Tests.Find(ParseDottedName());
        var arguments = ArgumentList.Empty;
        var current = tokens.Current;
        var isOperand = StartsExpression(current) && !current.Is("-") && !current.Is("+")
            && !current.IsName("or") && !current.IsName("and") && !current.IsName("is");
        if (tokens.TakeIf("("))
        {
            arguments = ParseArguments();
        }
        else if (isOperand)
        {
            arguments = new ArgumentList([ParsePostfix(ParsePrimary())], []);
        }

        return new Test(test, value, arguments, isNegated);
    }
}
