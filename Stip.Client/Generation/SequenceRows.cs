using Stip.Client.Bundles;
using Stip.Client.Embedding;
using Stip.Protocol.Tensors;

namespace Stip.Client.Generation;

/// <summary>Rows for a decoder that goes on from what an encoder makes of a source.</summary>
/// <param name="bundle">Of such a model.</param>
/// <param name="sourceIds">Tokens of the source.</param>
/// <param name="image">Rows of an image that is the source; null for a text.</param>
internal sealed class SequenceRows(Bundle bundle, ReadOnlyMemory<int> sourceIds, TensorPayload? image = null)
    : SessionRows
{
    private readonly SequenceEmbedding _embedding = bundle.Sequence
        ?? throw new BundleException($"{bundle.Folder} is of kind '{bundle.Manifest.Kind}', which takes no source");

    // Again for each start: a session that was lost begins with it, and few are.
    public override TensorPayload Source => image ?? new(
        bundle.WireDtype.WireName(), [sourceIds.Length, bundle.Manifest.HiddenSize], _embedding.Source(sourceIds.Span));

    public override int? SourceTokens => image is null ? sourceIds.Length : null;

    public override byte[] Make(ReadOnlySpan<int> tokenIds, int firstPosition, bool mayBeKept) =>
        _embedding.Rows(tokenIds, firstPosition);

    // What a step needs of the sequence it is told.
    public override SessionRows Fork(int tokens) => this;

    // The graphs are the bundle's.
    public override void Dispose()
    {
    }
}
