namespace Stip.Client.Sealing;

/// <summary>The secret order of the logits: the plain logit of token j is the server's logit at entry j.</summary>
/// <remarks>Immutable and safe for concurrent use. <see cref="ToString"/> does not show it.</remarks>
public sealed class VocabPermutation
{
    private readonly int[] _serverIndices; // [vocab], by token id
    private readonly int[] _tokenIds; // [vocab], by server index

    private VocabPermutation(int[] serverIndices, int[] tokenIds) =>
        (_serverIndices, _tokenIds) = (serverIndices, tokenIds);

    /// <summary>Number of tokens.</summary>
    public int VocabSize => _serverIndices.Length;

    /// <summary>Puts a row of logits back into the plain order.</summary>
    /// <param name="server"><c>[vocab]</c> as the server gave it.</param>
    /// <param name="plain">Receives <c>[vocab]</c>, by token id.</param>
    /// <exception cref="ArgumentException">A span has another length than <see cref="VocabSize"/>.</exception>
    public void ToPlain(ReadOnlySpan<float> server, Span<float> plain)
    {
        if (server.Length != VocabSize || plain.Length != VocabSize)
        {
            throw new ArgumentException(
                $"a row of logits has {VocabSize} entries, not {server.Length}", nameof(server));
        }

        for (var token = 0; token < plain.Length; token++)
        {
            plain[token] = server[_serverIndices[token]];
        }
    }

    /// <summary>The token id whose logit the server has at this index.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is not below <see cref="VocabSize"/>.</exception>
    public int TokenAt(int serverIndex)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(serverIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(serverIndex, VocabSize);
        return _tokenIds[serverIndex];
    }

    /// <summary>Shows the length only.</summary>
    public override string ToString() => $"{nameof(VocabPermutation)} of {VocabSize}";

    /// <summary>Null where the entries are not a permutation of 0..n-1.</summary>
    internal static VocabPermutation? TryCreate(int[] serverIndices)
    {
        var tokenIds = new int[serverIndices.Length];
        Array.Fill(tokenIds, -1);
        for (var token = 0; token < serverIndices.Length; token++)
        {
            var index = serverIndices[token];
            if ((uint)index >= (uint)tokenIds.Length || tokenIds[index] >= 0)
            {
                return null;
            }

            tokenIds[index] = token;
        }

        return new VocabPermutation(serverIndices, tokenIds);
    }
}
