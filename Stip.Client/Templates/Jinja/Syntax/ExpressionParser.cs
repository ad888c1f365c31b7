using Stip.Client.Templates.Jinja.Expressions;

namespace Stip.Client.Templates.Jinja.Syntax;

/// <summary>Expressions, one method for each level of precedence, loosest first.</summary>
internal sealed class ExpressionParser
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];
    private readonly TokenReader _tokens;
    private readonly OperandParser _operands;

    public ExpressionParser(TokenReader tokens)
    {
        _tokens = tokens;
        _operands = new OperandParser(tokens, this);
    }

    public OperandParser Operands => _operands;

    /// <summary>An expression, or several with commas between them as a tuple.</summary>
    public Expression ParseTuple() => ParseTuple(Parse);

    /// <summary>What a loop runs over: the same without 'if', which there begins the loop's own condition.</summary>
    public Expression ParseItems() => ParseTuple(ParseOr);

    private Expression ParseTuple(Func<Expression> parse)
    {
        var first = parse();
        if (!_tokens.Current.Is(","))
        {
            return first;
        }

        var items = new List<Expression> { first };
        while (_tokens.TakeIf(",") && OperandParser.StartsExpression(_tokens.Current))
        {
            items.Add(parse());
        }

        return new ListLiteral(items, isTuple: true);
    }

    public Expression Parse()
    {
        RenderBudget.GuardStack();
        var value = ParseOr();
        while (_tokens.TakeName("if"))
        {
            var condition = ParseOr();
            value = new Conditional(condition, value, _tokens.TakeName("else") ? Parse() : null);
        }

        return value;
    }

    private Expression ParseOr()
    {
        var left = ParseAnd();
        while (_tokens.TakeName("or"))
        {
            left = new Logical(left, ParseAnd(), isAnd: false);
        }

        return left;
    }

    private Expression ParseAnd()
    {
        var left = ParseNot();
        while (_tokens.TakeName("and"))
        {
            left = new Logical(left, ParseNot(), isAnd: true);
        }

        return left;
    }

    private Expression ParseNot()
    {
        RenderBudget.GuardStack();
        return _tokens.TakeName("not") ? new Unary("not", ParseNot()) : ParseCompare();
    }

    private Expression ParseCompare()
    {
        var first = ParseSum();
        var rest = new List<(string Sign, Expression Operand)>();
        while (true)
        {
            if (_tokens.Current.Kind == TokenKind.Sign && Comparisons.Contains(_tokens.Current.Text))
            {
                rest.Add((_tokens.Take().Text, ParseSum()));
            }
            else if (_tokens.TakeName("in"))
            {
                rest.Add(("in", ParseSum()));
            }
            else if (_tokens.Current.IsName("not") && _tokens.Following.IsName("in"))
            {
                _tokens.Take();
                _tokens.Take();
                rest.Add(("not in", ParseSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new Compare(first, rest);
            }
        }
    }

    private Expression ParseSum() => ParseBinary(["+", "-"], ParseConcatenation);

    private Expression ParseConcatenation() => ParseBinary(["~"], ParseProduct);

    private Expression ParseProduct() => ParseBinary(["*", "/", "//", "%"], ParsePower);

    private Expression ParsePower() => ParseBinary(["**"], () => _operands.ParseUnary(withFilters: true));

    private Expression ParseBinary(string[] signs, Func<Expression> parseOperand)
    {
        var left = parseOperand();
        while (_tokens.Current.Kind == TokenKind.Sign && signs.Contains(_tokens.Current.Text))
        {
            left = new Binary(_tokens.Take().Text, left, parseOperand());
        }

        return left;
    }
}
