using Stip.Export.Checkpoints.Gguf.Tokenizer;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>What a GGUF file says, in the form in which a Hugging Face folder says it.</summary>
/// <param name="Config">Its metadata as a config.json.</param>
/// <param name="Tensors">Its tensors under the names of a checkpoint.</param>
/// <param name="Files">Tokenizer, template and end tokens.</param>
/// <param name="Sentence">How one vector is made of a text's rows, null where the file does not say.</param>
internal sealed record GgufModel(
    ConfigJson Config, GgufTensors Tensors, ISmallFiles Files, SentenceModules? Sentence)
{
    /// <param name="path">The file.</param>
    /// <param name="keepsBlocks">True where matrices of 4-bit blocks are to stay such.</param>
    /// <exception cref="Onnx.RefusedException">The file is damaged, or holds what cannot be read.</exception>
    public static GgufModel Open(string path, bool keepsBlocks)
    {
        var file = GgufFile.Open(path);
        try
        {
            var architecture = GgufArchitecture.Of(file.Metadata);
            var config = GgufConfig.Read(file, architecture, Path.GetFileName(path));
            return new GgufModel(
                config,
                new GgufTensors(file, architecture, config, keepsBlocks),
                new MadeFiles(GgufTokenizerFiles.Make(file.Metadata)),
                GgufEncoderFamilies.Pooling(file.Metadata, architecture.Name));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private sealed class MadeFiles(IReadOnlyDictionary<string, byte[]> files) : ISmallFiles
    {
        public byte[]? Find(string name) => files.GetValueOrDefault(name);
    }
}
