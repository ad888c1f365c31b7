using System.Globalization;

namespace Stip.Client.Templates.Jinja.Values;

/// <summary>round() of Python: to the nearest number of so many digits, of two that are as near to the even
/// one.</summary>
internal static class Rounding
{
    /// <summary>An integer stays one.</summary>
    public static long Round(long value, int digits)
    {
        if (digits >= 0)
        {
            return value;
        }

        var unit = (Int128)1;
        for (var i = 0; i > digits; i--)
        {
            unit *= 10;
        }

        var (count, rest) = Int128.DivRem(value, unit);
        var twice = Int128.Abs(rest) * 2;
        var isFurther = twice > unit || (twice == unit && Int128.IsOddInteger(count));
        var rounded = (isFurther ? count + Int128.Sign(value) : count) * unit;
        return rounded >= long.MinValue && rounded <= long.MaxValue
            ? (long)rounded
            : throw new ChatTemplateException("the result of 'round' is outside the integers of 64 bits");
    }

    public static double Round(double value, int digits)
    {
        if (digits <= 0)
        {
            var unit = Math.Pow(10, -digits);
            return digits == 0 ? Math.Round(value, MidpointRounding.ToEven)
                : Math.Round(value / unit, MidpointRounding.ToEven) * unit;
        }

        // Half of a unit is a number of so many binary places, and no other lies between two units; the digits of the
        // rest are written exactly.
        return !double.IsFinite(value) || Math.Abs(value) > 1e15 ? value
            : double.IsInteger(value * Math.Pow(2, digits + 1)) ? Math.Round(value, digits, MidpointRounding.ToEven)
            : double.Parse(
                value.ToString(string.Create(CultureInfo.InvariantCulture, $"F{digits}"), CultureInfo.InvariantCulture),
                CultureInfo.InvariantCulture);
    }
}
