using Stip.Client.Bundles;
using Stip.Keys.Bundles;

namespace Stip.Client.Embedding;

/// <summary>The client's part of a model of an encoder and a decoder: a small graph for the source, one for the
/// decoder's first step and one for later steps, for their rows are not permuted alike, and positions may be added on
/// either side. Where the source is an image or a sound, its graph is <see cref="Bundle.Patches"/> or
/// <see cref="Bundle.Sounds"/>.</summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed class SequenceEmbedding : IDisposable
{
    /// <summary>Role of the graph that makes the source's rows.</summary>
    public const string Encoder = "encoder";

    private const string FirstStep = "decoder";
    private const string NextSteps = "decoder_with_past";

    private readonly TokenGraph? _encoder;
    private readonly TokenGraph _first;
    private readonly TokenGraph _next;

    private SequenceEmbedding(TokenGraph? encoder, TokenGraph first, TokenGraph next) =>
        (_encoder, _first, _next) = (encoder, first, next);

    /// <summary>Why a model cannot be used; null where it can. Nothing is loaded.</summary>
    public static string? Fault(BundleManifest manifest) => manifest switch
    {
        { ClientGraphs: null } => "bundle.json names no 'client_graphs'",
        _ when new[] { Encoder, FirstStep }.FirstOrDefault(role => !manifest.ClientGraphs.ContainsKey(role))
            is { } missing => $"bundle.json names no client graph for '{missing}'",
        _ when manifest.ClientGraphs[Encoder] is var encoder && SoundEmbedding.IsMeant(encoder)
            && SoundEmbedding.Fault(encoder) is { } unheard => unheard,
        _ when manifest.ClientGraphs
            .Where(graph => graph.Key != Encoder || !(ReadsImage(manifest) || ReadsSound(manifest)))
            .Select(graph => TokenGraph.Fault(graph.Value)).OfType<string>().FirstOrDefault() is { } fault => fault,
        { Sequence: null } => "bundle.json does not say the decoder's first token: protect the model again, with its "
            + "config.json or generation_config.json (decoder_start_token_id)",
        _ => null,
    };

    /// <summary>True where the source is an image.</summary>
    public static bool ReadsImage(BundleManifest manifest) =>
        manifest.ClientGraphs?.GetValueOrDefault(Encoder) is { } encoder && PatchEmbedding.Fault(encoder) is null;

    /// <summary>True where the source is a sound.</summary>
    public static bool ReadsSound(BundleManifest manifest) =>
        manifest.ClientGraphs?.GetValueOrDefault(Encoder) is { } encoder && SoundEmbedding.Fault(encoder) is null;

    /// <exception cref="BundleException">A graph is missing, or takes more than tokens.</exception>
    public static SequenceEmbedding Open(string folder, BundleManifest manifest)
    {
        if (Fault(manifest) is { } fault)
        {
            throw new BundleException($"{folder}: {fault}");
        }

        var graphs = new List<TokenGraph>();
        try
        {
            // Of a merged decoder one graph makes the rows of all steps.
            var isSignal = ReadsImage(manifest) || ReadsSound(manifest);
            foreach (var graph in new[] { Encoder, FirstStep, NextSteps }.Skip(isSignal ? 1 : 0)
                .Select(role => manifest.ClientGraphs!.GetValueOrDefault(role)).OfType<ClientGraphManifest>())
            {
                graphs.Add(TokenGraph.Load(folder, graph, manifest));
            }

            return isSignal
                ? new SequenceEmbedding(null, graphs[0], graphs[^1])
                : new SequenceEmbedding(graphs[0], graphs[1], graphs[^1]);
        }
        catch
        {
            graphs.ForEach(graph => graph.Dispose());
            throw;
        }
    }

    /// <summary>Rows of the source, <c>[n, hidden]</c> in the wire's type.</summary>
    /// <exception cref="InvalidOperationException">The source is an image or a sound.</exception>
    public byte[] Source(ReadOnlySpan<int> tokenIds) =>
        (_encoder ?? throw new InvalidOperationException("the model reads no text")).Rows(tokenIds);

    /// <summary>Rows for the decoder, <c>[n, hidden]</c> in the wire's type.</summary>
    /// <param name="tokenIds">Tokens of one step.</param>
    /// <param name="firstPosition">Place of the first of them: the step from 0 has a graph of its own.</param>
    public byte[] Rows(ReadOnlySpan<int> tokenIds, int firstPosition) =>
        (firstPosition == 0 ? _first : _next).Rows(tokenIds);

    /// <inheritdoc/>
    public void Dispose()
    {
        _encoder?.Dispose();
        _first.Dispose();
        _next.Dispose();
    }
}
