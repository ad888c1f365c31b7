using Microsoft.ML.OnnxRuntime;
using Stip.Client.Bundles;
using Stip.Client.Embedding;
using Stip.Client.Sampling;
using Stip.Client.Tokenization;
using Stip.Protocol.Tensors;

namespace Stip.Client.Speculation;

/// <summary>
/// A small plain model of the same vocabulary that runs on the data owner's machine and guesses ahead; what it guesses
/// changes nothing but the number of rounds.
/// </summary>
/// <remarks>Safe for concurrent use. Dispose it after everything that uses it.</remarks>
public sealed class DraftModel : IDisposable
{
    private readonly InferenceSession _session;
    private readonly SafetensorsFile _tables;
    private readonly DraftFolder _folder;

    private DraftModel(DraftFolder folder, InferenceSession session, SafetensorsFile tables)
    {
        (_folder, _session, _tables) = (folder, session, tables);
        Embedding = EmbeddingTables.Over(tables, folder.Manifest);
        Tokenizer = folder.ReadTokenizer();
    }

    /// <summary>Token ids are below this.</summary>
    public int VocabSize => _folder.Manifest.VocabSize;

    internal EmbeddingTables Embedding { get; }

    internal TextTokenizer? Tokenizer { get; }

    internal InferenceSession Session => _session;

    internal DraftFolder Folder => _folder;

    /// <summary>Opens a folder that <c>export</c> wrote.</summary>
    /// <param name="folder">Holds export.json, model.onnx and embedding.safetensors; float32.</param>
    /// <exception cref="BundleException">Not such a folder, or one that cannot guess; one line.</exception>
    public static DraftModel Open(string folder)
    {
        var read = DraftFolder.Read(folder);
        var tables = read.OpenTables();
        InferenceSession? session = null;
        try
        {
            session = read.OpenGraph();
            return new DraftModel(read, session, tables);
        }
        catch
        {
            session?.Dispose();
            tables.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _session.Dispose();
        _tables.Dispose();
    }

    /// <summary>Refuses a model of another vocabulary.</summary>
    /// <exception cref="BundleException">The draft speaks of other tokens.</exception>
    internal void CheckFits(Bundle bundle)
    {
        var same = VocabSize == bundle.Manifest.VocabSize
            && (Tokenizer is null || bundle.Tokenizer is null || Enumerable.Range(0, VocabSize).All(
                id => Tokenizer.TokenText(id) == bundle.Tokenizer.TokenText(id)));
        if (!same)
        {
            throw new BundleException(
                $"{_folder.Path}: the draft has {VocabSize} tokens that are not the {bundle.Manifest.VocabSize} of " +
                $"model '{bundle.Manifest.Model}'");
        }
    }

    internal DraftSession OpenSession(SamplingOptions sampling, int maxLength) =>
        new(this, sampling, Math.Min(maxLength, _folder.Manifest.ContextLength));
}
