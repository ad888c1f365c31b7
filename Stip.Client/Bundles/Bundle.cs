using Stip.Client.Embedding;
using Stip.Client.Sealing;
using Stip.Client.Templates;
using Stip.Client.Tokenization;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Client.Bundles;

/// <summary>
/// What a data owner holds of a protected model: the permuted embedding tables (memory-mapped), the permutation of the
/// logits and the tokenizer. It is secret; nothing of it is ever sent but single rows of the tables.
/// </summary>
/// <remarks>Safe for concurrent use. Dispose it after everything that was made from it.</remarks>
public sealed class Bundle : IDisposable
{
    private readonly SafetensorsFile? _tables;
    private readonly EmbeddingTables? _embedding;
    private readonly VocabPermutation? _permutation;
    private readonly Lazy<PatchEmbedding?> _patches;
    private readonly Lazy<SoundEmbedding?> _sounds;
    private readonly Lazy<ClientLayers?> _layers;
    private readonly Lazy<TokenLayers?> _tokenLayers;
    private readonly Lazy<SequenceEmbedding?> _sequence;
    private readonly Lazy<ChatTemplate?> _template;

    internal Bundle(string folder, BundleManifest manifest, SafetensorsFile? tables)
    {
        (Folder, Manifest, _tables) = (folder, manifest, tables);
        _ = TensorDtypes.TryParseWire(manifest.WireDtype, out var dtype);
        (WireDtype, RowBytes) = (dtype, manifest.HiddenSize * dtype.ByteSize());
        _embedding = tables is null ? null : EmbeddingTables.Over(tables, manifest);
        _permutation = BundleKinds.Generates(manifest)
            ? BundleReader.ReadPermutation(folder, manifest.VocabSize)
            : null;
        Tokenizer = BundleReader.ReadTokenizer(folder);
        _patches = new Lazy<PatchEmbedding?>(() => BundleReader.ReadPatches(folder, manifest));
        _sounds = new Lazy<SoundEmbedding?>(() => BundleReader.ReadSounds(folder, manifest));
        _layers = new Lazy<ClientLayers?>(() => BundleReader.ReadLayers(folder, manifest));
        _tokenLayers = new Lazy<TokenLayers?>(() => BundleReader.ReadTokenLayers(folder, manifest));
        _sequence = new Lazy<SequenceEmbedding?>(() => BundleReader.ReadSequence(folder, manifest));
        _template = new Lazy<ChatTemplate?>(() => BundleReader.ReadTemplate(folder));
    }

    /// <summary>The folder that was opened.</summary>
    public string Folder { get; }

    /// <summary><c>bundle.json</c>, checked.</summary>
    public BundleManifest Manifest { get; }

    /// <summary>True where text comes out (chat, complete); false for encoders (embed, classify, fill).</summary>
    public bool GeneratesText => BundleKinds.Generates(Manifest);

    /// <summary>True for an encoder that reads an image beside a decoder that writes about it.</summary>
    public bool ReadsImage => Manifest.Kind == BundleKinds.EncoderDecoder && SequenceEmbedding.ReadsImage(Manifest);

    /// <summary>True for an encoder that reads a sound beside a decoder that writes down what is said.</summary>
    public bool ReadsSound => Manifest.Kind == BundleKinds.EncoderDecoder && SequenceEmbedding.ReadsSound(Manifest);

    /// <summary>False for a bundle of <c>--mode none</c>, whose prompts the server can read.</summary>
    public bool IsProtected => Manifest.Mode != BundleManifestRules.Unprotected;

    /// <summary>Token ids to permuted rows.</summary>
    /// <exception cref="BundleException">The model takes images only, or rows are made by graphs.</exception>
    public EmbeddingTables Embedding => _embedding
        ?? throw new BundleException($"{Folder} has no table of tokens: model '{Manifest.Model}' takes "
            + (Manifest.Kind == BundleKinds.Image ? "images" : "rows that graphs make"));

    /// <summary>Type in which rows are sent.</summary>
    public TensorDtype WireDtype { get; }

    /// <summary>Bytes of a row that is sent.</summary>
    public int RowBytes { get; }

    /// <summary>Token ids of prompts are below this. <see cref="int.MaxValue"/> where a graph makes the rows of an
    /// encoder: it knows its tokens itself, and what such a model tells apart may be labels.</summary>
    public int TokenCount => _embedding?.VocabSize
        ?? (Manifest.Kind == BundleKinds.Encoder ? int.MaxValue : Manifest.VocabSize);

    /// <summary>Permuted logits to plain ones.</summary>
    /// <exception cref="BundleException">The model generates no text.</exception>
    public VocabPermutation Permutation => _permutation
        ?? throw new BundleException($"{Folder} is of kind '{Manifest.Kind}', which generates no text");

    /// <summary>Images to permuted rows, opened at its first use; null where the model takes none.</summary>
    /// <exception cref="BundleException">The client's graph or preprocessor_config.json cannot be used.</exception>
    public PatchEmbedding? Patches => _patches.Value;

    /// <summary>Sounds to permuted rows, opened at its first use; null where the model takes none.</summary>
    /// <exception cref="BundleException">The client's graph or preprocessor_config.json cannot be used.</exception>
    public SoundEmbedding? Sounds => _sounds.Value;

    /// <summary>The first layers of the model, opened at their first use; null where all are the server's.</summary>
    /// <exception cref="BundleException">The client's graph cannot be used.</exception>
    internal ClientLayers? Layers => _layers.Value;

    /// <summary>Tokens to rows where a graph makes them, opened at its first use; null where tables do.</summary>
    /// <exception cref="BundleException">The client's graph cannot be used.</exception>
    internal TokenLayers? TokenLayers => _tokenLayers.Value;

    /// <summary>Tokens to rows, of a model of an encoder and a decoder, opened at their first use; null for others.
    /// </summary>
    /// <exception cref="BundleException">A graph of the client's cannot be used.</exception>
    internal SequenceEmbedding? Sequence => _sequence.Value;

    /// <summary>The model's tokenizer; null where the bundle has none and only ids can be used.</summary>
    public TextTokenizer? Tokenizer { get; }

    /// <summary>The model's chat template, read at its first use; null where it has none.</summary>
    /// <exception cref="BundleException">The template cannot be read; raw text can still be used.</exception>
    public ChatTemplate? Template => _template.Value;

    /// <summary>The folder of the draft model that came with the bundle; null where none did.</summary>
    public string? DraftFolder =>
        Path.Combine(Folder, "draft") is var folder && Directory.Exists(folder) ? folder : null;

    /// <summary>Opens a bundle and checks everything in it but the chat template.</summary>
    /// <param name="path">The folder <c>client/</c> that <c>protect</c> writes, the folder above it, or its
    /// bundle.json.</param>
    /// <param name="allowUnprotected">Whether a bundle of <c>--mode none</c>, which hides nothing, is opened
    /// (default: no).</param>
    /// <exception cref="BundleException">Anything missing, malformed, contradictory or unprotected; one
    /// line.</exception>
    public static Bundle Open(string path, bool allowUnprotected = false) => BundleReader.Open(path, allowUnprotected);

    /// <summary>Refuses tokens of a text that the model has no row for: a tokenizer may name some that were never added
    /// to its table.</summary>
    /// <returns><paramref name="tokenIds"/>.</returns>
    /// <exception cref="BundleException">One of them is not below <see cref="TokenCount"/>; which one is not said.
    /// </exception>
    public int[] RequireRows(int[] tokenIds)
    {
        ArgumentNullException.ThrowIfNull(tokenIds);
        return tokenIds.AsSpan().ContainsAnyExceptInRange(0, TokenCount - 1)
            ? throw new BundleException(
                $"the text holds a token that the tokenizer of model '{Manifest.Model}' names and its table of "
                + $"{TokenCount} tokens has no row for")
            : tokenIds;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tables?.Dispose();
        if (_patches.IsValueCreated)
        {
            _patches.Value?.Dispose();
        }

        if (_sounds.IsValueCreated)
        {
            _sounds.Value?.Dispose();
        }

        if (_layers.IsValueCreated)
        {
            _layers.Value?.Dispose();
        }

        if (_tokenLayers.IsValueCreated)
        {
            _tokenLayers.Value?.Dispose();
        }

        if (_sequence.IsValueCreated)
        {
            _sequence.Value?.Dispose();
        }
    }
}
