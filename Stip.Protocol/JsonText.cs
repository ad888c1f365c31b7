using System.Text.Json;

namespace Stip.Protocol;

/// <summary>Strings of a JSON document, which the reader takes as they come and refuses when one is asked for.
/// </summary>
public static class JsonText
{
    /// <summary>False where a name or string is no Unicode, e.g. half of a character (<c>"\ud800"</c>).</summary>
    /// <param name="json">A document in UTF-8.</param>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static bool IsUnicode(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                _ = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName ? reader.GetString() : null;
            }
        }
        catch (InvalidOperationException)
        {
            return false;
        }

        return true;
    }
}
