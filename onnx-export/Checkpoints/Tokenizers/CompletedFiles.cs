namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>The small files of a folder, with a tokenizer.json made of what older folders have in its place.</summary>
internal sealed class CompletedFiles(ISmallFiles files) : ISmallFiles
{
    public const string TokenizerFile = "tokenizer.json";

    private readonly Lazy<byte[]?> _made = new(() => OlderTokenizer.Describe(files));

    public byte[]? Find(string name) => files.Find(name) ?? (name == TokenizerFile ? _made.Value : null);
}
