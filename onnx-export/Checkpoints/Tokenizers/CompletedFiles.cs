using Stip.Export.Terminal;
using Stip.Onnx;
using Stip.Onnx.Packages;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>The small files of a folder, with a tokenizer.json made of what older folders have in its place.</summary>
internal sealed class CompletedFiles(ISmallFiles files) : ISmallFiles
{
    private readonly Lazy<byte[]?> _made = new(() => Make(files));

    // A model is of use without its tokenizer.
    private static byte[]? Make(ISmallFiles files)
    {
        try
        {
            return OlderTokenizer.Describe(files);
        }
        catch (RefusedException e)
        {
            Console.Error.WriteLine($"warning: no {SourceFileNames.Tokenizer} is made: {OneLine.Of(e.Message)}");
            return null;
        }
    }

    public byte[]? Find(string name) => files.Find(name) ?? (name == SourceFileNames.Tokenizer ? _made.Value : null);
}
