using System.Runtime.CompilerServices;
using Stip.Client.Bundles;
using Stip.Client.Speculation;
using Stip.Client.Transport;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.Protocol.Models;

namespace Stip.Client.Generation;

/// <summary>A protected model: the owner's bundle and the server that computes.</summary>
/// <remarks>Safe for concurrent use; its sessions are not. It owns neither the bundle nor the client.</remarks>
public sealed class StipModel
{
    private const string DecoderGraph = "decoder";

    private volatile ModelStipInfo? _info;

    /// <summary>Joins a bundle to a server; nothing is sent yet.</summary>
    /// <exception cref="BundleException">The bundle is not of a model that generates text.</exception>
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
            value?.CheckFits(Bundle);
            field = value;
        }
    }

    internal SpeculationFigures Speculation { get; } = new();

    /// <summary>What the way to the server lets through, as far as was seen.</summary>
    internal StepSizes StepSizes { get; } = new();

    /// <summary>The name under which the server knows it.</summary>
    public string Id => Bundle.Manifest.Model;

    /// <summary>Most tokens of a session.</summary>
    public int ContextLength => Bundle.Manifest.ContextLength;

    /// <summary>Asks the server, once, whether it has the package that this bundle belongs to. Every session does so
    /// before its first row, and again when the server has lost it.</summary>
    /// <exception cref="StipException">The server has another package (<c>package_invalid</c>), none, or is not
    /// reached.</exception>
    public async ValueTask<ModelStipInfo> CheckAsync(CancellationToken cancellationToken = default) =>
        _info ??= PackageMatch.Require(
            Bundle.Manifest, (await Client.GetModelAsync(Id, cancellationToken)).Stip, DecoderGraph);

    /// <summary>Opens a session; nothing is sent before its first tokens.</summary>
    /// <param name="maxLength">Most tokens of it, 1 to <see cref="ContextLength"/>; null for that.</param>
    /// <param name="placed">Rows of images that stand in it; null for none.</param>
    public StipSession OpenSession(int? maxLength = null, PlacedRows? placed = null)
    {
        if (maxLength is < 1 || maxLength > ContextLength)
        {
            throw new ArgumentOutOfRangeException(
                nameof(maxLength), maxLength, $"a session has 1 to {ContextLength} tokens");
        }

        return new StipSession(this, maxLength, placed);
    }

    /// <summary>Generates after a prompt, in a session of its own that is released at the end.</summary>
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

    /// <summary>Forgets what the server said, so that the next use asks again.</summary>
    internal void Recheck() => _info = null;

    /// <summary>Refuses logits under other keys: a replaced model's new sessions get the new package.</summary>
    internal void RequireOwn(CompletionResponse response)
    {
        if (response.Fingerprint is { } fingerprint && fingerprint != Bundle.Manifest.Fingerprint)
        {
            Recheck();
            throw new StipException(
                $"model '{Id}': the server has replaced it since it was asked; a bundle of key epoch "
                + $"{response.KeyEpoch} is needed", StipErrorCode.PackageInvalid);
        }
    }

    private async IAsyncEnumerable<GeneratedToken> RunAsync(
        ReadOnlyMemory<int> promptIds,
        PlacedRows? placed,
        GenerationOptions? options,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        options ??= new GenerationOptions();
        var wanted = (long)promptIds.Length + (options.MaxNewTokens ?? ContextLength);
        await using var session = OpenSession((int)Math.Min(wanted, ContextLength), placed);
        await foreach (var token in session.GenerateAsync(promptIds, options, cancellationToken))
        {
            yield return token;
        }
    }
}
