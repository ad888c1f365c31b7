using Stip.Export.Terminal;
using Stip.Onnx;
using Stip.Onnx.Packages;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>The small files of a folder, with a tokenizer.json made of what older folders have in its place, and
/// generation_config.json with what config.json says of it.</summary>
internal sealed class CompletedFiles(ISmallFiles files) : ISmallFiles
{
    private readonly Lazy<byte[]?> _made = new(() => Make(files));

    public byte[]? Find(string name) => name switch
    {
        SourceFileNames.Tokenizer => files.Find(name) ?? _made.Value,
        GenerationFile.Name => GenerationFile.Find(files),
        _ => files.Find(name),
    };

    // A model is of use without its tokenizer.
    private static byte[]? Make(ISmallFiles files)
    {
        try
        {
            if (OlderTokenizer.Describe(files) is { } made)
            {
                return made;
            }

            if (OlderTokenizer.Unknown(files) is { } reason)
            {
                Warn(reason);
            }
        }
        catch (RefusedException e)
        {
            Warn(e.Message);
        }

        return null;
    }

    private static void Warn(string reason) =>
        Console.Error.WriteLine($"warning: no {SourceFileNames.Tokenizer} is made: {OneLine.Of(reason)}");
}
