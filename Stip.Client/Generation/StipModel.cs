using System.Runtime.CompilerServices;
using Stip.Client.Bundles;
using Stip.Client.Embedding;
using Stip.Client.Generation.Beams;
using Stip.Client.Generation.Choices;
using Stip.Client.Speculation;
using Stip.Client.Transport;
using Stip.Protocol.Errors;
using Stip.Protocol.Models;

namespace Stip.Client.Generation;

/// <summary>A protected model: the owner's bundle and the server that computes.</summary>
/// <remarks>Safe for concurrent use; its sessions are not. It owns neither the bundle nor the client.</remarks>
public sealed class StipModel
{
    private volatile ModelStipInfo? _info;
    private volatile ModelStipInfo? _said; // also while it is asked again

    /// <summary>Joins a bundle to a server; nothing is sent yet.</summary>
    /// <exception cref="BundleException">The bundle is not of a model that generates text, or of one that cannot be
    /// used yet.</exception>
    public StipModel(Bundle bundle, StipHttpClient client)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(client);
        if (!BundleKinds.Generates(bundle.Manifest))
        {
            throw new BundleException(
                $"{bundle.Folder} is of kind '{bundle.Manifest.Kind}', which generates no text; "
                + "embed, classify and fill are for it");
        }

        if (ReadsSource(bundle) && SequenceEmbedding.Fault(bundle.Manifest) is { } fault)
        {
            throw new BundleException($"model '{bundle.Manifest.Model}' cannot be used: {fault}");
        }

        (Bundle, Client) = (bundle, client);
    }

    /// <summary>The owner's side.</summary>
    public Bundle Bundle { get; }

    /// <summary>The way to the server.</summary>
    public StipHttpClient Client { get; }

    /// <summary>Guesses ahead on this machine; null (default) guesses only from what was said before.</summary>
    /// <exception cref="BundleException">The draft has other tokens than the model.</exception>
    public DraftModel? Draft
    {
        get;
        init
        {
            if (value is not null && IsSequence)
            {
                throw new BundleException($"model '{Id}' has an encoder: a draft guesses for decoders on their own");
            }

            value?.CheckFits(Bundle);
            field = value;
        }
    }

    internal SpeculationFigures Speculation { get; } = new();

    /// <summary>What the way to the server lets through, as far as was seen.</summary>
    internal StepSizes StepSizes { get; } = new();

    /// <summary>The name under which the server knows it.</summary>
    public string Id => Bundle.Manifest.Model;

    /// <summary>Most tokens of a session: where the model has an encoder, of the answer.</summary>
    public int ContextLength => Bundle.Manifest.ContextLength;

    /// <summary>True for an encoder and a decoder (T5, BART, Marian): the prompt is a source that is read whole, and
    /// the answer is a text of its own.</summary>
    public bool IsSequence => ReadsSource(Bundle);

    /// <summary>True for a decoder without a cache: each token costs a pass over the whole text before it.</summary>
    public bool ReadsWholeSequences => Bundle.Manifest.WholeSequence is not null;

    /// <summary>True for an encoder that reads an image beside a decoder that writes about it (captions, TrOCR, Donut):
    /// prompts come from <see cref="Images.ImageSight"/>.</summary>
    public bool ReadsImage => Bundle.ReadsImage;

    /// <summary>True for an encoder that reads a sound beside a decoder that writes down what is said (Whisper,
    /// Moonshine): <see cref="Sound.Transcriber"/> is for it.</summary>
    public bool ReadsSound => Bundle.ReadsSound;

    /// <summary>True where images go in.</summary>
    public bool TakesImages => Bundle.Manifest.ImageTokenId is not null || ReadsImage;

    /// <summary>Most tokens of a prompt.</summary>
    public int MostPromptTokens =>
        ReadsImage || ReadsSound ? ContextLength : Bundle.Manifest.Sequence?.SourceLength ?? ContextLength;

    /// <summary>Asks the server, once, whether it has the package that this bundle belongs to. Every session does so
    /// before its first row, and again when the server has lost it.</summary>
    /// <exception cref="StipException">The server has another package (<c>package_invalid</c>), none, or is not
    /// reached.</exception>
    public async ValueTask<ModelStipInfo> CheckAsync(CancellationToken cancellationToken = default) =>
        _info ??= _said = PackageMatch.Require(
            Bundle.Manifest, (await Client.GetModelAsync(Id, cancellationToken)).Stip,
            BundleKinds.Roles(Bundle.Manifest));

    /// <summary>Opens a session; nothing is sent before its first tokens.</summary>
    /// <param name="maxLength">Most tokens of it, 1 to <see cref="ContextLength"/>; null for that.</param>
    /// <param name="placed">Rows of images that stand in it; null for none.</param>
    /// <exception cref="InvalidOperationException">The model has an encoder: a session needs a source.</exception>
    public StipSession OpenSession(int? maxLength = null, PlacedRows? placed = null)
    {
        CheckLength(maxLength);
        return IsSequence && placed?.Source is { } image
            ? new StipSession(this, maxLength, new SequenceRows(Bundle, default, image))
            : IsSequence ? throw new InvalidOperationException($"model '{Id}' has an encoder: a session needs a source")
            : new StipSession(
                this, maxLength,
                Bundle.TokenLayers is { } layers
                    ? new TokenLayerRows(layers)
                    : new DecoderRows(Bundle, placed, maxLength ?? ContextLength));
    }

    /// <summary>Opens a session about a source, of a model with an encoder; nothing is sent before its first tokens,
    /// which are the decoder's (<see cref="StartIds"/>).</summary>
    /// <param name="sourceIds">1 to <see cref="MostPromptTokens"/> tokens.</param>
    /// <param name="maxLength">Most tokens of the decoder, 1 to <see cref="ContextLength"/>; null for that.</param>
    /// <exception cref="BundleException">The model has no encoder, or the client's part cannot be used.</exception>
    /// <exception cref="StipException"><c>context_length_exceeded</c>: the source is too long.</exception>
    public StipSession OpenSession(ReadOnlyMemory<int> sourceIds, int? maxLength = null)
    {
        CheckLength(maxLength);
        ArgumentOutOfRangeException.ThrowIfLessThan(sourceIds.Length, 1, nameof(sourceIds));
        if (ReadsImage)
        {
            throw new StipException($"model '{Id}' writes about an image, and there is none", null);
        }

        if (ReadsSound)
        {
            throw new StipException($"model '{Id}' writes down a sound, and there is none", null);
        }

        return sourceIds.Length <= MostPromptTokens
            ? new StipSession(this, maxLength, new SequenceRows(Bundle, sourceIds))
            : throw new StipException(
                $"context_length_exceeded: {sourceIds.Length} prompt tokens are more than the {MostPromptTokens} that "
                + $"the encoder of model '{Id}' reads", StipErrorCode.ContextLengthExceeded);
    }

    /// <summary>Tokens with which the decoder of a model with an encoder begins, and which are no part of the answer.
    /// </summary>
    /// <param name="first">As <see cref="GenerationOptions.FirstTokenId"/>.</param>
    /// <exception cref="InvalidOperationException">The model has no encoder.</exception>
    public int[] StartIds(int? first = null) => Bundle.Manifest.Sequence is { } sequence
        ? SequenceStart.Ids(sequence, first, id => Bundle.Tokenizer?.IsLanguage(id) == true)
        : throw new InvalidOperationException($"model '{Id}' has no encoder");

    /// <summary>Generates after a prompt, or from it as a source where the model has an encoder, in a session of its
    /// own that is released at the end.</summary>
    /// <param name="promptIds">At least one token.</param>
    /// <param name="options">When to stop and how to choose; greedy to the end of the context by default.</param>
    /// <param name="cancellationToken">Ends it; the session is released all the same.</param>
    /// <returns>One item for each token as it comes; the last one says why it is the last.</returns>
    /// <exception cref="StipException">Refused or not reached; <c>context_length_exceeded</c> where the prompt does not
    /// fit.</exception>
    public IAsyncEnumerable<GeneratedToken> GenerateAsync(
        ReadOnlyMemory<int> promptIds,
        GenerationOptions? options = null,
        CancellationToken cancellationToken = default) =>
        RunAsync(promptIds, null, options, cancellationToken);

    /// <summary>Generates after a prompt in which images stand, as <see cref="GenerateAsync"/> does.</summary>
    /// <exception cref="StipException">As <see cref="GenerateAsync"/>.</exception>
    public IAsyncEnumerable<GeneratedToken> GenerateWithImagesAsync(
        ImagePrompt prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return RunAsync(prompt.TokenIds, prompt.Rows, options, cancellationToken);
    }

    /// <summary>Generates several answers to a prompt at once. The prompt is sent and run once; the other answers go on
    /// from copies of its cache (<see cref="StipSession.ForkAsync(CancellationToken)"/>), as many as the server has
    /// room for at once. Each is the answer that <see cref="GenerateAsync"/> gives with its options.</summary>
    /// <param name="promptIds">At least one token.</param>
    /// <param name="choices">Options of each answer, which differ in their seed, observer and
    /// <see cref="GenerationOptions.Enough"/> only (<see cref="ChoiceOptions.OfChoice"/>).</param>
    /// <param name="cancellationToken">Ends them; their sessions are released all the same.</param>
    /// <returns>The tokens of all answers as they come; those that are not read soon are waited for.</returns>
    /// <exception cref="StipException">As <see cref="GenerateAsync"/>; the first fault ends all answers.</exception>
    public IAsyncEnumerable<ChoiceToken> GenerateChoicesAsync(
        ReadOnlyMemory<int> promptIds,
        IReadOnlyList<GenerationOptions> choices,
        CancellationToken cancellationToken = default)
    {
        ChoiceOptions.Validate(choices);
        return RunAsync(promptIds, null, choices, cancellationToken);
    }

    /// <summary>The same after a prompt in which images stand.</summary>
    /// <exception cref="StipException">As <see cref="GenerateAsync"/>.</exception>
    public IAsyncEnumerable<ChoiceToken> GenerateChoicesAsync(
        ImagePrompt prompt,
        IReadOnlyList<GenerationOptions> choices,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ChoiceOptions.Validate(choices);
        return RunAsync(prompt.TokenIds, prompt.Rows, choices, cancellationToken);
    }

    /// <summary>Looks for the likeliest answers to a prompt by beam search, as transformers does: each beam is a
    /// session that was forked from another. Where there is no room for one, it is waited for as a step
    /// waits.</summary>
    /// <param name="promptIds">At least one token.</param>
    /// <param name="options">Beams, scores, end.</param>
    /// <param name="placed">Rows of images that stand in the prompt; null for none.</param>
    /// <param name="cancellationToken">Ends it; the sessions are released all the same.</param>
    /// <exception cref="StipException">As <see cref="GenerateAsync"/>; <c>server_overloaded</c> or
    /// <c>rate_limit_exceeded</c> where there is no room for so many sessions in the end.</exception>
    /// <exception cref="BundleException">No token goes on with what the grammar asks for.</exception>
    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    public Task<BeamAnswers> SearchAsync(
        ReadOnlyMemory<int> promptIds,
        BeamOptions options,
        PlacedRows? placed = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new BeamSearch(this, options).RunAsync(promptIds, placed, cancellationToken);
    }

    /// <summary>Most tokens of a session that the server opens, as far as it was asked.</summary>
    internal int LongestSession => Math.Clamp(_said?.MaxLength ?? ContextLength, 1, ContextLength);

    /// <summary>Tokens that may be sent after so many and taken back without a replay.</summary>
    internal int MostTakenBack(int tokens) =>
        (_info?.BoundedCaches ?? []).Select(cache => cache.Room(tokens)).DefaultIfEmpty(int.MaxValue).Min();

    /// <summary>Forgets what the server said, so that the next use asks again.</summary>
    internal void Recheck() => _info = null;

    /// <summary>Refuses an answer under other keys: a replaced model's new sessions get the new package.</summary>
    internal void RequireOwn(string? fingerprint, int? keyEpoch) =>
        PackageMatch.RequireAnswer(Bundle.Manifest, fingerprint, keyEpoch, Recheck);

    private async IAsyncEnumerable<GeneratedToken> RunAsync(
        ReadOnlyMemory<int> promptIds,
        PlacedRows? placed,
        GenerationOptions? options,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        options ??= new GenerationOptions();
        var (session, start) = Open(promptIds, placed, options.FirstTokenId, options.MaxNewTokens);
        await using var released = session;
        await foreach (var token in session.GenerateAsync(start, options, cancellationToken))
        {
            yield return token;
        }
    }

    private async IAsyncEnumerable<ChoiceToken> RunAsync(
        ReadOnlyMemory<int> promptIds,
        PlacedRows? placed,
        IReadOnlyList<GenerationOptions> choices,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (session, start) = Open(promptIds, placed, choices[0].FirstTokenId, choices[0].MaxNewTokens);
        await using var released = session;
        await foreach (var token in new ChoiceFan(this, session, choices).RunAsync(start, cancellationToken))
        {
            yield return token;
        }
    }

    /// <summary>A session for one prompt, and what it begins with: the prompt, or beside an encoder what its answers
    /// begin with.</summary>
    internal (StipSession Session, ReadOnlyMemory<int> Start) Open(
        ReadOnlyMemory<int> promptIds, PlacedRows? placed, int? firstTokenId, int? maxNewTokens)
    {
        var readsText = IsSequence && placed?.Source is null;
        var start = readsText ? StartIds(firstTokenId) : promptIds;
        var wanted = (int)Math.Min((long)start.Length + (maxNewTokens ?? ContextLength), ContextLength);
        return (readsText ? OpenSession(promptIds, wanted) : OpenSession(wanted, placed), start);
    }

    private static bool ReadsSource(Bundle bundle) => bundle.Manifest.Kind == BundleKinds.EncoderDecoder;

    private void CheckLength(int? maxLength)
    {
        if (maxLength is < 1 || maxLength > ContextLength)
        {
            throw new ArgumentOutOfRangeException(
                nameof(maxLength), maxLength, $"a session has 1 to {ContextLength} tokens");
        }
    }
}
