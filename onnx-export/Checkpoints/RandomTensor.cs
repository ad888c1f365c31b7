using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A tensor that no file holds: every element follows from seed, name and place, in any order of
/// reading.</summary>
internal sealed record RandomTensor : CheckpointTensor
{
    // The spread of freshly initialised transformers.
    private const float MatrixSpread = 0.035f;
    private const float VectorSpread = 0.1f;
    private const int RoundedAtOnce = 256;
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    private readonly ulong _key;
    private readonly float _centre;
    private readonly float _spread;

    public RandomTensor(string name, TensorDtype dtype, IReadOnlyList<long> shape, long seed)
        : base(name, dtype, shape)
    {
        _key = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed} {name}")));
        var isNorm = shape.Count == 1 && name.EndsWith("weight", StringComparison.Ordinal);
        _centre = isNorm ? 1 : 0;
        _spread = shape.Count == 1 ? VectorSpread : MatrixSpread;
    }

    public override void Read(long firstElement, Span<float> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = _centre + _spread * Uniform(_key + (ulong)(firstElement + i + 1) * GoldenGamma);
        }

        // What is stored in a short type is rounded to it, as a checkpoint would be.
        if (Dtype != TensorDtype.Float32)
        {
            Span<byte> bytes = stackalloc byte[RoundedAtOnce * Dtype.ByteSize()];
            for (var first = 0; first < values.Length; first += RoundedAtOnce)
            {
                var part = values.Slice(first, Math.Min(RoundedAtOnce, values.Length - first));
                TensorConversion.FromFloat32(part, Dtype, bytes);
                TensorConversion.ToFloat32(Dtype, bytes[..(part.Length * Dtype.ByteSize())], part);
            }
        }
    }

    // SplitMix64's finaliser; the upper 24 bits as a value of [-1, 1).
    private static float Uniform(ulong state)
    {
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9;
        state = (state ^ state >> 27) * 0x94D049BB133111EB;
        return (int)((state ^ state >> 31) >> 40) * (2f / (1 << 24)) - 1;
    }
}
