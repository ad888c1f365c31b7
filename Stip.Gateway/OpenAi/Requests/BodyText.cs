using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;

namespace Stip.Gateway.OpenAi.Requests;

/// <summary>Judges the text of a body as a whole: JSON is parsed although its strings are no UTF-8 or name half a
/// character, and every later look at such a name or string would fail.</summary>
internal static class BodyText
{
    /// <exception cref="OpenAiException">Some text of it is not Unicode.</exception>
    public static void Judge(JsonElement body)
    {
        var json = JsonMarshal.GetRawUtf8Value(body);
        if (!Utf8.IsValid(json))
        {
            throw OpenAiException.Invalid("the body is not UTF-8", null);
        }

        var reader = new Utf8JsonReader(json);
        string? field = null;
        while (reader.Read())
        {
            var isName = reader.TokenType == JsonTokenType.PropertyName;
            if ((isName || reader.TokenType == JsonTokenType.String) && reader.ValueIsEscaped)
            {
                Read(ref reader, field);
            }

            field = isName && reader.CurrentDepth == 1 ? reader.GetString() : field;
        }
    }

    private static void Read(ref Utf8JsonReader reader, string? field)
    {
        try
        {
            _ = reader.GetString();
        }
        catch (InvalidOperationException)
        {
            throw field is null
                ? OpenAiException.Invalid("a name in the body is not valid Unicode text", null)
                : RequestFields.Wrong(field, "valid Unicode text");
        }
    }
}
