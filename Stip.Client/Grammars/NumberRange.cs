using System.Globalization;

namespace Stip.Client.Grammars;

/// <summary>Numbers between two bounds, written without an exponent: digit after digit, for as long as they are those
/// of a bound only those that stay inside may come.</summary>
internal sealed class NumberRange
{
    private const int MostDigits = 18;
    private const int MostFraction = 17;
    private static readonly ByteSet Digit = ByteSet.Ranges(('0', '9'));

    private readonly (string Digits, string Fraction, bool IsOpen)? _least;
    private readonly (string Digits, string Fraction, bool IsOpen)? _most;
    private readonly bool _isInteger;

    private NumberRange(Bound? least, Bound? most, bool isInteger) =>
        (_least, _most, _isInteger) = (Parts(least), Parts(most), isInteger);

    /// <summary>The rule; null where no number is between the bounds.</summary>
    public static GrammarNode? Of(Bound? least, Bound? most, bool isInteger)
    {
        // Below 0 it is the other way round.
        var below = least is { Value: >= 0 } ? null : new NumberRange(
            most is { Value: < 0 } ? new Bound(-most.Value.Value, most.Value.IsOpen) : new Bound(0, IsOpen: true),
            least is { } low ? new Bound(-low.Value, low.IsOpen) : null,
            isInteger).Magnitudes();
        var above = most is { Value: < 0 } ? null : new NumberRange(
            least is { Value: >= 0 } ? least : new Bound(0, IsOpen: false), most, isInteger).Magnitudes();
        GrammarNode[] signs =
        [
            .. above is null ? Array.Empty<GrammarNode>() : [above],
            .. below is null ? Array.Empty<GrammarNode>() : [new Sequence(ByteSet.Of('-'), below)],
        ];
        return signs is [] ? null : new Choice(signs);
    }

    // By their number of digits before the point.
    private Choice? Magnitudes()
    {
        var options = new List<GrammarNode>();
        for (var length = _least?.Digits.Length ?? 1; length <= (_most?.Digits.Length ?? MostDigits); length++)
        {
            var (low, high) = (_least?.Digits.Length == length, _most?.Digits.Length == length);
            if (Digits(0, length, low, high) is { } rule)
            {
                options.Add(rule);
            }
        }

        return options.Count == 0 ? null : new Choice([.. options]);
    }

    private GrammarNode? Digits(int place, int length, bool isLeast, bool isMost) => place == length
        ? End(isLeast, isMost)
        : Next(
            place == 0 && length > 1 ? 1 : 0,
            isLeast ? _least!.Value.Digits[place] - '0' : null,
            isMost ? _most!.Value.Digits[place] - '0' : null,
            (low, high) => Digits(place + 1, length, low, high));

    private GrammarNode? End(bool isLeast, bool isMost)
    {
        GrammarNode? fraction = _isInteger ? null : Fraction(0, isLeast, isMost);
        var more = fraction is null ? null : new Sequence(ByteSet.Of('.'), fraction);
        return MayStop(0, isLeast, isMost) ? more is null ? new Sequence() : Choice.Optional(more) : more;
    }

    private GrammarNode? Fraction(int place, bool isLeast, bool isMost)
    {
        if (!isLeast && !isMost)
        {
            return new Repetition(Digit, place == 0 ? 1 : 0, MostFraction);
        }

        var more = place == MostFraction ? null : Next(
            0,
            isLeast ? DigitOf(_least!.Value.Fraction, place) : null,
            isMost ? DigitOf(_most!.Value.Fraction, place) : null,
            (low, high) => Fraction(place + 1, low, high));
        return place == 0 || !MayStop(place, isLeast, isMost) ? more
            : more is null ? new Sequence()
            : Choice.Optional(more);
    }

    // What was written is inside, if it is all: as long as it is the beginning of a bound, it may be below that one.
    private bool MayStop(int place, bool isLeast, bool isMost) =>
        (!isLeast || (IsZero(_least!.Value.Fraction, place) && !_least.Value.IsOpen))
        && (!isMost || !IsZero(_most!.Value.Fraction, place) || !_most.Value.IsOpen);

    // Digits that are those of a bound, and the others between them.
    private static Choice? Next(int first, int? low, int? high, Func<bool, bool, GrammarNode?> after)
    {
        var options = new List<GrammarNode>();
        foreach (var alike in Enumerable.Range(first, 10 - first)
            .Where(digit => digit >= (low ?? 0) && digit <= (high ?? 9))
            .GroupBy(digit => (IsLeast: digit == low, IsMost: digit == high)))
        {
            if (after(alike.Key.IsLeast, alike.Key.IsMost) is { } rest)
            {
                options.Add(new Sequence(ByteSet.Ranges([.. alike.Select(digit => ('0' + digit, '0' + digit))]), rest));
            }
        }

        return options.Count == 0 ? null : new Choice([.. options]);
    }

    private static int DigitOf(string digits, int place) => place < digits.Length ? digits[place] - '0' : 0;

    private static bool IsZero(string digits, int from) => digits.Skip(from).All(digit => digit == '0');

    private static (string Digits, string Fraction, bool IsOpen)? Parts(Bound? bound)
    {
        if (bound is not { } known)
        {
            return null;
        }

        var text = known.Value.ToString(CultureInfo.InvariantCulture).Split('.');
        return (text[0], text.Length > 1 ? text[1] : "", known.IsOpen);
    }

    /// <summary>One end.</summary>
    /// <param name="Value">The number.</param>
    /// <param name="IsOpen">Whether it is itself outside.</param>
    internal readonly record struct Bound(decimal Value, bool IsOpen);
}
