using Stip.Client.Embedding;

namespace Stip.Client.Generation;

/// <summary>Rows for a decoder whose first part is a graph of the client's.</summary>
internal sealed class TokenLayerRows(TokenLayers layers) : SessionRows
{
    private TokenLayersSequence? _sequence;

    // What the server has cached was run before, by this graph and at these places.
    public override byte[] Make(ReadOnlySpan<int> tokenIds, int firstPosition, bool mayBeKept) =>
        (_sequence ??= layers.OpenSequence()).Run(tokenIds, firstPosition);

    public override SessionRows Fork(int tokens) =>
        new TokenLayerRows(layers) { _sequence = _sequence?.Fork(tokens) };

    public override void Dispose()
    {
        _sequence?.Dispose();
        _sequence = null;
    }
}
