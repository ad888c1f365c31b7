using System.Runtime.InteropServices;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Client.Sealing;

/// <summary>Takes the server's permuted logits apart and puts them back into the plain order.</summary>
internal static class LogitsUnsealing
{
    /// <summary>The rows of an answer; null where they are not so many rows of this vocabulary.</summary>
    public static LogitsRow[]? TryUnseal(
        IReadOnlyList<CompletionChoice>? choices, int count, VocabPermutation permutation)
    {
        if (choices?.Count != count)
        {
            return null;
        }

        var rows = new LogitsRow[count];
        for (var i = 0; i < count; i++)
        {
            // What JSON leaves out is null whatever its type says.
            if (choices[i]?.Logits is not { } logits || TryUnseal(logits, permutation) is not { } row)
            {
                return null;
            }

            rows[i] = row;
        }

        return rows;
    }

    /// <summary>Null where the payload is not what the contract promises for this vocabulary.</summary>
    public static LogitsRow? TryUnseal(LogitsPayload payload, VocabPermutation permutation) =>
        payload.Indices is { } indices
            ? TryTopK(indices, payload.Values, payload.Logsumexp, permutation)
            : TryFull(payload, permutation);

    private static LogitsRow? TryTopK(
        IReadOnlyList<int> indices, IReadOnlyList<float>? values, double? logsumexp, VocabPermutation permutation)
    {
        if (indices.Count == 0 || values?.Count != indices.Count || logsumexp is not { } sum || !double.IsFinite(sum))
        {
            return null;
        }

        var (tokenIds, logits) = (new int[indices.Count], new float[indices.Count]); // [k]
        for (var i = 0; i < tokenIds.Length; i++)
        {
            var (index, logit) = (indices[i], values[i]);
            if ((uint)index >= (uint)permutation.VocabSize || !float.IsFinite(logit))
            {
                return null;
            }

            (tokenIds[i], logits[i]) = (permutation.TokenAt(index), logit);
        }

        return LogitsRow.TopK(tokenIds, logits, sum);
    }

    private static LogitsRow? TryFull(LogitsPayload payload, VocabPermutation permutation)
    {
        if (!TensorDtypes.TryParseWire(payload.Dtype, out var dtype) || !dtype.IsWireFloat()
            || payload.Data is not { } data || data.Length != permutation.VocabSize * dtype.ByteSize())
        {
            return null;
        }

        var plain = new float[permutation.VocabSize]; // [vocab]
        if (dtype == TensorDtype.Float32)
        {
            permutation.ToPlain(MemoryMarshal.Cast<byte, float>(data.Span), plain);
        }
        else
        {
            var wide = new float[permutation.VocabSize]; // [vocab]
            TensorConversion.ToFloat32(dtype, data.Span, wide);
            permutation.ToPlain(wide, plain);
        }

        return LogitsRow.Full(plain);
    }
}
