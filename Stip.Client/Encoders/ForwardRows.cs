namespace Stip.Client.Encoders;

/// <summary>Rows of a batch, and which of them count.</summary>
/// <param name="Rows">float32 <c>[batch, seq, hidden]</c>.</param>
/// <param name="Mask"><c>[batch, seq]</c>, 1 where a row counts; null where all do and the graph takes no mask.</param>
/// <param name="Batch">Sequences.</param>
/// <param name="Length">Rows of each.</param>
internal sealed record ForwardRows(float[] Rows, long[]? Mask, int Batch, int Length)
{
    /// <summary>Shape of the rows: a picture may go as a feature map <c>[batch, features, height, width]</c>.</summary>
    public IReadOnlyList<long> Shape { get; init; } = [Batch, Length, Rows.Length / (Batch * Length)];
}
