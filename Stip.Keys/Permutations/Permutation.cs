using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Stip.Keys.Permutations;

/// <summary>
/// An immutable permutation of <c>0..Length-1</c>: what stands at index <c>i</c> moves to <c>this[i]</c>.
/// </summary>
/// <remarks>It is key material: <see cref="ToString"/> shows its length and a short fingerprint only.</remarks>
public sealed class Permutation : IEquatable<Permutation>
{
    private const int FingerprintBytes = 4;
    private readonly int[] _targets;

    private Permutation(int[] targets) => _targets = targets;

    /// <summary>Number of items that it permutes.</summary>
    public int Length => _targets.Length;

    /// <summary>Where each index moves to.</summary>
    public ReadOnlySpan<int> Targets => _targets;

    /// <summary>True where nothing moves.</summary>
    public bool IsIdentity
    {
        get
        {
            for (var i = 0; i < _targets.Length; i++)
            {
                if (_targets[i] != i)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Where index <paramref name="index"/> moves to.</summary>
    public int this[int index] => _targets[index];

    /// <summary>The permutation that moves nothing.</summary>
    public static Permutation Identity(int length)
    {
        var targets = new int[length];
        for (var i = 0; i < length; i++)
        {
            targets[i] = i;
        }

        return new Permutation(targets);
    }

    /// <summary>Takes a copy of where each index moves to.</summary>
    /// <exception cref="ArgumentException">An index outside the range, or one that is met twice.</exception>
    public static Permutation FromTargets(ReadOnlySpan<int> targets)
    {
        var seen = new bool[targets.Length];
        foreach (var target in targets)
        {
            if ((uint)target >= (uint)targets.Length || seen[target])
            {
                throw new ArgumentException($"the {targets.Length} targets are not a permutation", nameof(targets));
            }

            seen[target] = true;
        }

        return new Permutation(targets.ToArray());
    }

    /// <summary>Draws one of the <c>length!</c> permutations, each equally likely (Fisher and Yates).</summary>
    /// <param name="length">Number of items.</param>
    /// <param name="random">The source of randomness, <see cref="RandomNumberGenerator.Create()"/> outside
    /// tests.</param>
    public static Permutation Random(int length, RandomNumberGenerator random)
    {
        var targets = Identity(length)._targets;
        UniformDraw.Shuffle(targets, random);
        return new Permutation(targets);
    }

    /// <summary>The permutation that undoes this one.</summary>
    public Permutation Inverse()
    {
        var inverse = new int[_targets.Length];
        for (var i = 0; i < inverse.Length; i++)
        {
            inverse[_targets[i]] = i;
        }

        return new Permutation(inverse);
    }

    /// <summary>This permutation first, then <paramref name="next"/>: index i moves to <c>next[this[i]]</c>.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public Permutation Then(Permutation next)
    {
        ArgumentNullException.ThrowIfNull(next);
        RequireLength(next.Length);
        return new Permutation(Array.ConvertAll(_targets, target => next._targets[target]));
    }

    /// <summary>Moves the items of a vector: <c>destination[this[i]] = source[i]</c>.</summary>
    /// <exception cref="ArgumentException">A span is not of this length.</exception>
    public void Apply<T>(ReadOnlySpan<T> source, Span<T> destination)
    {
        RequireLength(source.Length);
        RequireLength(destination.Length);
        for (var i = 0; i < _targets.Length; i++)
        {
            destination[_targets[i]] = source[i];
        }
    }

    /// <summary>Moves the items of every row of <c>[rows, Length]</c>.</summary>
    /// <exception cref="ArgumentException">The spans are not whole rows, or differ in length.</exception>
    public void ApplyToRows<T>(ReadOnlySpan<T> source, Span<T> destination)
    {
        if (source.Length != destination.Length || (Length > 0 && source.Length % Length != 0))
        {
            throw new ArgumentException(
                $"{source.Length} and {destination.Length} items are not the same whole rows of {Length}");
        }

        for (var start = 0; start < source.Length; start += Length)
        {
            Apply(source.Slice(start, Length), destination.Slice(start, Length));
        }
    }

    /// <summary>
    /// The first 4 bytes of the SHA-256 of the targets, in hexadecimal: tells keys apart, gives none away.
    /// </summary>
    public string Fingerprint()
    {
        var bytes = new byte[_targets.Length * sizeof(int)];
        for (var i = 0; i < _targets.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), _targets[i]);
        }

        return Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, FingerprintBytes));
    }

    /// <inheritdoc/>
    public bool Equals(Permutation? other) => other is not null && _targets.AsSpan().SequenceEqual(other._targets);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Permutation);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(_targets.AsSpan()));
        return hash.ToHashCode();
    }

    /// <summary>Length and fingerprint, never the targets.</summary>
    public override string ToString() => $"permutation of {Length} ({Fingerprint()})";

    private void RequireLength(int length)
    {
        if (length != Length)
        {
            throw new ArgumentException($"{length} items do not fit a permutation of {Length}");
        }
    }
}
