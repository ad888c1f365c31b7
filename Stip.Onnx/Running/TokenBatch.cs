using Stip.Onnx.Execution;

namespace Stip.Onnx.Running;

/// <summary>Token ids <c>[batch, seq]</c>, of which a mask may leave some out.</summary>
/// <param name="Ids">Ids, row after row.</param>
/// <param name="Mask">1 where a token counts; null where all do.</param>
/// <param name="Sequences">Number of rows.</param>
/// <param name="Length">Tokens of a row.</param>
internal sealed record TokenBatch(long[] Ids, long[]? Mask, int Sequences, int Length)
{
    private const string IdsName = "input_ids";
    private const string MaskName = "attention_mask";

    /// <summary>Takes <c>input_ids</c> and <c>attention_mask</c> out of the inputs.</summary>
    /// <param name="inputs">By name.</param>
    /// <param name="others">Inputs that the model takes besides.</param>
    public static TokenBatch Read(
        IReadOnlyDictionary<string, HostTensor> inputs, params IReadOnlyCollection<string> others)
    {
        var unknown = inputs.Keys.FirstOrDefault(name => name is not (IdsName or MaskName) && !others.Contains(name));
        if (unknown is not null || !inputs.TryGetValue(IdsName, out var ids))
        {
            throw new RefusedException(
                $"the model takes {string.Join(", ", others.Prepend(IdsName))} and {MaskName}; given are "
                + string.Join(", ", inputs.Keys));
        }

        var shape = ids.Shape is [var single] ? [1, single] : ids.Shape;
        if (shape is not [> 0, > 0])
        {
            throw new RefusedException(
                $"{IdsName} has shape [{string.Join(", ", ids.Shape)}]; it must be [n] or [batch, n]");
        }

        var mask = inputs.TryGetValue(MaskName, out var given) ? Integers(MaskName, given) : null;
        return mask is null || mask.Length == ids.ElementCount
            ? new TokenBatch(Integers(IdsName, ids), mask, (int)shape[0], (int)shape[1])
            : throw new RefusedException(
                $"{MaskName} has shape [{string.Join(", ", given!.Shape)}]; {IdsName} has "
                + $"[{string.Join(", ", shape)}]");
    }

    /// <summary>Columns of a row that count.</summary>
    public int[] Columns(int sequence) =>
        [.. Enumerable.Range(0, Length).Where(column => Mask is null || Mask[sequence * Length + column] != 0)];

    /// <summary>The numbers of an input that must be whole.</summary>
    public static long[] Integers(string name, HostTensor tensor)
    {
        try
        {
            return tensor.ToIntegers();
        }
        catch (ArgumentException e)
        {
            throw new RefusedException($"{name}: {e.Message}; it must be int64 or int32", e);
        }
    }
}
