using System.Globalization;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// The length of a free axis as exporters write it: a symbol, or arithmetic such as <c>past_length + 1</c> or
/// <c>floor(height/2)</c>.
/// </summary>
/// <param name="text">The expression.</param>
/// <param name="sizeOf">Length of a symbol.</param>
internal sealed class SizeExpression(string text, Func<string, int> sizeOf)
{
    private int _place;

    /// <summary>The length; a text that is no arithmetic is one symbol.</summary>
    public static int Evaluate(string text, Func<string, int> sizeOf)
    {
        if (text.All(IsWord) && !int.TryParse(text, CultureInfo.InvariantCulture, out _))
        {
            return sizeOf(text);
        }

        var expression = new SizeExpression(text, sizeOf);
        try
        {
            var value = expression.Sum();
            return expression.Next() == '\0' ? Math.Max(0, (int)Math.Floor(value)) : sizeOf(text);
        }
        catch (FormatException)
        {
            return sizeOf(text);
        }
    }

    /// <summary>The symbols of an expression.</summary>
    public static IReadOnlySet<string> Symbols(string text)
    {
        var symbols = new HashSet<string>(StringComparer.Ordinal);
        Evaluate(text, Note);
        return symbols;

        int Note(string symbol)
        {
            symbols.Add(symbol);
            return 1;
        }
    }

    private static bool IsWord(char letter) => char.IsLetterOrDigit(letter) || letter is '_' or '.' or ':';

    private double Sum()
    {
        var value = Product();
        while (Next() is '+' or '-')
        {
            value += text[_place++] == '+' ? Product() : -Product();
        }

        return value;
    }

    private double Product()
    {
        var value = Factor();
        while (Next() is '*' or '/' or '%')
        {
            var operation = text[_place++];
            var floors = operation == '/' && Next() == '/';
            _place += floors ? 1 : 0;
            var right = Factor();
            value = operation switch
            {
                '*' => value * right,
                '%' => value - (right * Math.Floor(value / right)),
                _ => floors ? Math.Floor(value / right) : value / right,
            };
        }

        return value;
    }

    private double Factor()
    {
        switch (Next())
        {
            case '-':
                _place++;
                return -Factor();
            case '(':
                return Arguments()[0];
            default:
                return Word();
        }
    }

    private double Word()
    {
        var start = _place;
        while (_place < text.Length && IsWord(text[_place]))
        {
            _place++;
        }

        var word = text[start.._place];
        return word.Length == 0 ? throw new FormatException()
            : Next() == '(' ? Call(word, Arguments())
            : int.TryParse(word, CultureInfo.InvariantCulture, out var number) ? number : sizeOf(word);
    }

    private double[] Arguments()
    {
        var values = new List<double>();
        do
        {
            _place++;
            values.Add(Sum());
        }
        while (Next() == ',');

        return Next() == ')' && _place++ >= 0 ? [.. values] : throw new FormatException();
    }

    private static double Call(string name, double[] arguments) => name.ToLowerInvariant() switch
    {
        "floor" or "int" => Math.Floor(arguments[0]),
        "ceil" or "ceiling" => Math.Ceiling(arguments[0]),
        "max" => arguments.Max(),
        "min" => arguments.Min(),
        "floordiv" => Math.Floor(arguments[0] / arguments[1]),
        "mod" => arguments[0] - (arguments[1] * Math.Floor(arguments[0] / arguments[1])),
        _ => throw new FormatException(),
    };

    private char Next()
    {
        while (_place < text.Length && text[_place] == ' ')
        {
            _place++;
        }

        return _place < text.Length ? text[_place] : '\0';
    }
}
