using System.Text.Json.Serialization;

namespace Stip.Gateway.OpenAi.Steps;

/// <summary>A row that was sent, as a strip of colour is painted from it.</summary>
/// <param name="Token">Text of its token.</param>
/// <param name="Sent">Its first numbers as they were sent, -999 to 999.</param>
/// <param name="True">The same numbers in the order of the token's true row; null where that is not known here.</param>
internal sealed record SentRow(
    string Token, int[] Sent, [property: JsonPropertyName("true")] int[]? True);
