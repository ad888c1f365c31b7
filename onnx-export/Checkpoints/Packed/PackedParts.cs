using System.Runtime.InteropServices;

namespace Stip.Export.Checkpoints.Packed;

/// <summary>The tensors that hold one packed matrix.</summary>
/// <param name="Layout">How they are laid out.</param>
/// <param name="Numbers">The numbers.</param>
/// <param name="Scales">The factors.</param>
/// <param name="Zeros">What is subtracted; null for the middle of the numbers.</param>
/// <param name="Order">The group of each input, null where groups are neighbours.</param>
/// <param name="Groups">How many groups of inputs there are.</param>
/// <param name="GroupSize">Inputs of a group.</param>
/// <param name="KeepsBlocks">True where 4-bit numbers may stay such.</param>
internal sealed record PackedParts(
    PackedLayout Layout,
    StoredTensor Numbers,
    StoredTensor Scales,
    StoredTensor? Zeros,
    int[]? Order,
    int Groups,
    int GroupSize,
    bool KeepsBlocks)
{
    /// <summary>The words of a tensor, as they lie in the file.</summary>
    public static ReadOnlySpan<uint> Words(StoredTensor tensor) =>
        MemoryMarshal.Cast<byte, uint>(tensor.File.Bytes(tensor.Entry, 0, (int)tensor.Entry.ByteLength));

    /// <summary>The group of an input.</summary>
    public int GroupOf(long input) => Order is null ? (int)(input / GroupSize) : Order[input];

    /// <summary>The factor of an output's numbers in a group.</summary>
    public float Scale(long output, long group, long outputs)
    {
        Span<float> value = stackalloc float[1];
        Scales.Read(Layout.OutputsFirst ? (output * Groups) + group : (group * outputs) + output, value);
        return value[0];
    }
}
