using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Stip.Api.Engine;

/// <summary>What is wanted of a row of logits: its largest and its logsumexp, or all of it. As bytes, the former are a
/// float64, the indices (int32) and the values (float32).</summary>
/// <param name="K">How many of the largest; 0 for the whole row.</param>
/// <param name="Temperature">Divides the logits inside the logsumexp.</param>
internal readonly record struct TopRow(int K, double Temperature)
{
    public bool IsWhole => K == 0;

    /// <summary>Bytes of what is wanted of a row that takes so many as a whole.</summary>
    public int Bytes(int wholeBytes) => IsWhole ? wholeBytes : sizeof(double) + K * (sizeof(int) + sizeof(float));

    /// <summary>Writes what was found.</summary>
    /// <param name="target">Of <see cref="Bytes"/>.</param>
    /// <param name="indices">K or more of the largest, in the contract's order.</param>
    /// <param name="values">Theirs.</param>
    /// <param name="sum">Σ exp((logit - largest) / temperature).</param>
    public void Write(Span<byte> target, ReadOnlySpan<int> indices, ReadOnlySpan<float> values, double sum)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(target, values[0] / Temperature + Math.Log(sum));
        MemoryMarshal.AsBytes(indices[..K]).CopyTo(target[sizeof(double)..]);
        // JSON has no infinities.
        TensorPrimitives.Max(
            values[..K], float.MinValue, MemoryMarshal.Cast<byte, float>(target[(sizeof(double) + K * sizeof(int))..]));
    }

    /// <summary>The log of the sum; not finite where the row held what is no number.</summary>
    public static double LogSumExp(ReadOnlySpan<byte> row) => BinaryPrimitives.ReadDoubleLittleEndian(row);

    public ReadOnlySpan<int> Indices(ReadOnlySpan<byte> row) =>
        MemoryMarshal.Cast<byte, int>(row[sizeof(double)..])[..K];

    public ReadOnlySpan<float> Values(ReadOnlySpan<byte> row) =>
        MemoryMarshal.Cast<byte, float>(row[(sizeof(double) + K * sizeof(int))..])[..K];
}
