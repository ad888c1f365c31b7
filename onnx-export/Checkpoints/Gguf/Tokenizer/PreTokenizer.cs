using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>What one name of <c>tokenizer.ggml.pre</c> stands for.</summary>
/// <param name="Describe">The field <c>pre_tokenizer</c> of a tokenizer.json.</param>
/// <param name="Normalizer">Unicode form that text is brought to first, null for none.</param>
/// <param name="IgnoresMerges">True where a word that is a token as a whole is taken as such.</param>
/// <param name="AddsBos">What holds where the file does not say whether texts begin with the first token.</param>
internal sealed record PreTokenizer(
    Func<JsonObject> Describe, string? Normalizer = null, bool IgnoresMerges = false, bool AddsBos = false);
