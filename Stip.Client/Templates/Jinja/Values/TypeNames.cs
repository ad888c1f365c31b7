using System.Numerics;

namespace Stip.Client.Templates.Jinja.Values;

/// <summary>What error messages call a value.</summary>
internal static class TypeNames
{
    public static string Of(object? value) => value switch
    {
        null => "none",
        bool => "a boolean",
        long or BigInteger => "an integer",
        double => "a number",
        string => "a text",
        TemplateMap => "a mapping",
        IList<object?> => "a list",
        TemplateFunction => "a function",
        TemplateNamespace => "a namespace",
        Undefined => "undefined",
        _ => "an object",
    };
}
