namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>What a token is (<c>tokenizer.ggml.token_type</c>).</summary>
internal enum GgufTokenType
{
    Undefined = 0,
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}
