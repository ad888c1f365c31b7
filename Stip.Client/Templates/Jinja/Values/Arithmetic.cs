using System.Numerics;

namespace Stip.Client.Templates.Jinja.Values;

/// <summary>The operators on numbers, texts and lists, with Python's results.</summary>
internal static class Arithmetic
{
    public static object? Apply(string sign, object? left, object? right, RenderBudget budget)
    {
        if ((left as Undefined ?? right as Undefined) is { } undefined)
        {
            throw undefined.Error;
        }

        try
        {
            return (sign, left, right) switch
            {
                ("+", string first, string second) => budget.Count(first + second),
                ("+", List<object?> first, List<object?> second) => budget.Count([.. first, .. second]),
                ("+", object?[] first, object?[] second) =>
                    budget.Count([.. first, .. second]).ToArray(),
                ("*", string or IList<object?>, long or bool) => Repeat(left!, Integer(right)!.Value, budget),
                ("*", long or bool, string or IList<object?>) => Repeat(right!, Integer(left)!.Value, budget),
                ("%", string format, _) => budget.Count(PercentFormat.Apply(format, right)),
                _ when sign != "/" && Integer(left) is { } first && Integer(right) is { } second =>
                    Integers(sign, first, second),
                _ when Float(left) is { } first && Float(right) is { } second => Floats(sign, first, second),
                _ => throw new ChatTemplateException(
                    $"'{sign}' is not defined for {TypeNames.Of(left)} and {TypeNames.Of(right)}"),
            };
        }
        catch (OverflowException)
        {
            throw new ChatTemplateException($"the result of '{sign}' is outside the integers of 64 bits");
        }
    }

    public static object? Negate(object? value) => value switch
    {
        double number => (object)-number,
        Undefined undefined => throw undefined.Error,
        _ => Integer(value) is { } number and not long.MinValue
            ? -number
            : throw new ChatTemplateException($"'-' is not defined for {TypeNames.Of(value)}"),
    };

    public static long? Integer(object? value) => value switch
    {
        bool truth => truth ? 1 : 0,
        long number => number,
        _ => null,
    };

    private static double? Float(object? value) => value switch
    {
        double number => number,
        BigInteger => throw new ChatTemplateException("a number is outside the integers of 64 bits"),
        _ => Integer(value),
    };

    // The casts keep integers integers: without them the arms would agree on floating point.
    private static object Integers(string sign, long left, long right) => sign switch
    {
        "+" => (object)checked(left + right),
        "-" => checked(left - right),
        "*" => checked(left * right),
        "//" => Divide(left, right).Quotient,
        "%" => Divide(left, right).Remainder,
        "**" when right < 0 => (object)Math.Pow(left, right),
        _ => Power(left, right),
    };

    private static (long Quotient, long Remainder) Divide(long left, long right)
    {
        if (right == 0)
        {
            throw new ChatTemplateException("division by zero");
        }

        var (quotient, remainder) = right == -1 ? (checked(-left), 0) : Math.DivRem(left, right);
        return remainder != 0 && (remainder < 0) != (right < 0)
            ? (quotient - 1, remainder + right)
            : (quotient, remainder);
    }

    private static long Power(long value, long exponent)
    {
        var power = 1L;
        for (var i = 0L; i < exponent && value is not (0 or 1 or -1); i++)
        {
            power = checked(power * value);
        }

        return value is 0 or 1 or -1 ? (exponent == 0 ? 1 : exponent % 2 == 0 ? value * value : value) : power;
    }

    private static double Floats(string sign, double left, double right) => sign switch
    {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "**" => Math.Pow(left, right),
        _ when right == 0 => throw new ChatTemplateException("division by zero"),
        "/" => left / right,
        "//" => Math.Floor(left / right),
        _ => left - (right * Math.Floor(left / right)),
    };

    private static object? Repeat(object value, long times, RenderBudget budget)
    {
        var count = Math.Max(0, times);
        var length = value is string text ? text.Length : ((IList<object?>)value).Count;
        var limit = value is string ? RenderBudget.LongestText : RenderBudget.LongestList;
        if (length > 0 && count > limit / length)
        {
            throw new ChatTemplateException($"the chat template repeats to more than {limit} items");
        }

        count = length == 0 ? 0 : count;
        return value is string repeated
            ? budget.Count(string.Concat(Enumerable.Repeat(repeated, (int)count)))
            : budget.Count(Enumerable.Repeat((IList<object?>)value, (int)count).SelectMany(list => list).ToList());
    }
}
