using Stip.Export.Terminal;
using Stip.Onnx;
using Stip.Onnx.Packages;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>The small files of a folder, with a tokenizer.json made of what older folders have in its place, and
/// generation_config.json with what config.json says of it.</summary>
internal sealed class CompletedFiles(ISmallFiles files) : ISmallFiles
{
    private readonly Lazy<byte[]?> _tokenizer = new(() => MakeTokenizer(files));
    private readonly Lazy<byte[]?> _generation = new(() => Complete(files));

    public byte[]? Find(string name) => name switch
    {
        SourceFileNames.Tokenizer => files.Find(name) ?? _tokenizer.Value,
        GenerationFile.Name => _generation.Value,
        _ => files.Find(name),
    };

    // A model is of use without its tokenizer.
    private static byte[]? MakeTokenizer(ISmallFiles files)
    {
        try
        {
            if (OlderTokenizer.Describe(files) is { } made)
            {
                return made;
            }

            if (OlderTokenizer.Unknown(files) is { } reason)
            {
                WarnOfTokenizer(reason);
            }
        }
        catch (RefusedException e)
        {
            WarnOfTokenizer(e.Message);
        }

        return null;
    }

    // Whoever needs what the file says refuses it then.
    private static byte[]? Complete(ISmallFiles files)
    {
        try
        {
            return GenerationFile.Find(files);
        }
        catch (RefusedException e)
        {
            var own = files.Find(GenerationFile.Name);
            Warn($"{GenerationFile.Name} is {(own is null ? "not made" : "passed on as it is")}: {e.Message}");
            return own;
        }
    }

    private static void WarnOfTokenizer(string reason) => Warn($"no {SourceFileNames.Tokenizer} is made: {reason}");

    private static void Warn(string what) => Console.Error.WriteLine($"warning: {OneLine.Of(what)}");
}
