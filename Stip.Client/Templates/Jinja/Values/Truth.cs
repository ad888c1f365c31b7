using System.Numerics;

namespace Stip.Client.Templates.Jinja.Values;

/// <summary>What counts as true: as in Python, whatever is not empty and not zero.</summary>
internal static class Truth
{
    public static bool Of(object? value) => value switch
    {
        null or Undefined => false,
        bool truth => truth,
        long number => number != 0,
        double number => number != 0,
        BigInteger => true,
        string text => text.Length > 0,
        TemplateMap map => map.Count > 0,
        IList<object?> list => list.Count > 0,
        _ => true,
    };
}
