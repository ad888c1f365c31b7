using System.Runtime.InteropServices;
using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A tensor of a checkpoint that is read in pieces.</summary>
/// <param name="Name">Name in the checkpoint.</param>
/// <param name="Dtype">Type in which it is stored.</param>
/// <param name="Shape">Lengths of its axes.</param>
internal abstract record CheckpointTensor(string Name, TensorDtype Dtype, IReadOnlyList<long> Shape)
{
    private const int CopyElements = 1 << 18;

    public long ElementCount { get; } = Shape.Aggregate(1L, (product, length) => product * length);

    /// <summary>The same as 4-bit blocks, null where it is not stored so. Rows are those of the last axis, one after
    /// the other whatever axes there are before it.</summary>
    public virtual IFourBitRows? FourBitRows => null;

    /// <summary>Reads consecutive elements as float32, exactly.</summary>
    public abstract void Read(long firstElement, Span<float> values);

    /// <summary>Reads consecutive elements as float32, or as they are stored.</summary>
    /// <typeparam name="T">float, or an integer as long as a stored element.</typeparam>
    public void ReadAs<T>(long firstElement, Span<T> values)
        where T : unmanaged
    {
        if (typeof(T) == typeof(float))
        {
            Read(firstElement, MemoryMarshal.Cast<T, float>(values));
        }
        else
        {
            ReadStored(firstElement, MemoryMarshal.AsBytes(values));
        }
    }

    /// <summary>True where <see cref="ReadStored"/> gives the bytes of the file.</summary>
    public virtual bool HasStoredBytes => false;

    /// <summary>Reads consecutive elements in the tensor's own type.</summary>
    public virtual void ReadStored(long firstElement, Span<byte> bytes) =>
        throw new NotSupportedException($"'{Name}' is not stored as it is read");

    /// <summary>Writes the tensor in its own type, byte for byte.</summary>
    public virtual void CopyTo(Stream stream)
    {
        // Widening what is stored and narrowing it again is exact.
        var values = new float[Math.Min(CopyElements, ElementCount)];
        var bytes = new byte[values.Length * Dtype.ByteSize()];
        for (var first = 0L; first < ElementCount; first += values.Length)
        {
            var part = values.AsSpan(0, (int)Math.Min(values.Length, ElementCount - first));
            Read(first, part);
            var written = bytes.AsSpan(0, part.Length * Dtype.ByteSize());
            TensorConversion.FromFloat32(part, Dtype, written);
            stream.Write(written);
        }
    }
}
