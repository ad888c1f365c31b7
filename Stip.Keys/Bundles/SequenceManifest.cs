using System.Text.Json.Serialization;

namespace Stip.Keys.Bundles;

/// <summary>How a model of an encoder and a decoder begins its answer: field <c>sequence</c> of <c>bundle.json</c>.
/// </summary>
/// <param name="SourceLength">Most tokens that the encoder reads.</param>
/// <param name="DecoderStartTokenId">The decoder's first token, which is no part of the answer.</param>
public sealed record SequenceManifest(int SourceLength, int DecoderStartTokenId)
{
    /// <summary>The token behind the first, where every answer begins with one (the language to translate to); null
    /// where the model chooses.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ForcedBosTokenId { get; init; }

    /// <summary>Tokens that never come.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? SuppressTokens { get; init; }

    /// <summary>Tokens that do not come first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? BeginSuppressTokens { get; init; }

    /// <summary>Tokens of the decoder before which no end token comes, those that it begins with counted; null for
    /// none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MinLength { get; init; }
}
