using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Stip.Gateway.Commands;

/// <summary>An option that takes a number of a range, and says which where it is given something else.</summary>
internal static class NumberOption
{
    /// <param name="name">With its dashes.</param>
    /// <param name="value">Taken where the option is not given.</param>
    /// <param name="least">Smallest that is allowed; <see cref="float.Epsilon"/> for any above 0.</param>
    /// <param name="most">Largest that is allowed.</param>
    /// <param name="description">For the help.</param>
    public static Option<T> Create<T>(string name, T value, T least, T most, string description)
        where T : struct, INumber<T> => new(name)
        {
            DefaultValueFactory = _ => value,
            Description = description,
            CustomParser = result => Read(result, name, least, most) ?? value,
        };

    /// <summary>One that has no value where it is not given.</summary>
    /// <inheritdoc cref="Create"/>
    public static Option<T?> CreateOptional<T>(string name, T least, T most, string description)
        where T : struct, INumber<T> => new(name)
        {
            Description = description,
            CustomParser = result => Read(result, name, least, most),
        };

    private static T? Read<T>(ArgumentResult result, string name, T least, T most)
        where T : struct, INumber<T>
    {
        var text = result.Tokens[^1].Value;
        if (!T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var given))
        {
            result.AddError($"{name} '{text}' is not a number in {Bound(least)}..{Bound(most)}");
            return null;
        }

        if (given >= least && given <= most)
        {
            return given;
        }

        result.AddError(string.Create(
            CultureInfo.InvariantCulture, $"{name} {given} is outside {Bound(least)}..{Bound(most)}"));
        return null;
    }

    private static string Bound<T>(T value)
        where T : struct, INumber<T> =>
        value is float.Epsilon ? "0 (not included)" : value.ToString(null, CultureInfo.InvariantCulture);
}
