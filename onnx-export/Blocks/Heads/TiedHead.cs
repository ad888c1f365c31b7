using Stip.Export.Checkpoints;

namespace Stip.Export.Blocks.Heads;

/// <summary>Heads that config.json says are the token table.</summary>
internal static class TiedHead
{
    private const int ElementsAtOnce = 1 << 16;

    /// <summary>The matrix of a head that config.json says is the table.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="head">Name of the head.</param>
    /// <param name="table">Name of the table.</param>
    /// <param name="words">The table.</param>
    public static CheckpointTensor Of(ITensorStore tensors, string head, string table, CheckpointTensor words) =>
        tensors.FindHead([head], [table], words)
        ?? (Differs(tensors, head, words) ? tensors.Require(head, [.. words.Shape]) : words);

    /// <summary>True where a head of its own is stored all the same: what is stored counts, whatever the flag
    /// says.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="head">Name of the head.</param>
    /// <param name="words">The table.</param>
    public static bool Differs(ITensorStore tensors, string head, CheckpointTensor words) =>
        words is not RandomTensor && words.Name != head && tensors.Has(head)
        && !AreSame(words, tensors.Require(head, [.. words.Shape]));

    /// <summary>True where two tensors of one shape hold the same numbers.</summary>
    public static bool AreSame(CheckpointTensor one, CheckpointTensor other)
    {
        if (ReferenceEquals(one, other))
        {
            return true;
        }

        Span<float> left = new float[Math.Min(ElementsAtOnce, one.ElementCount)];
        Span<float> right = new float[left.Length];
        for (var first = 0L; first < one.ElementCount; first += left.Length)
        {
            var count = (int)Math.Min(left.Length, one.ElementCount - first);
            one.Read(first, left[..count]);
            other.Read(first, right[..count]);
            if (!left[..count].SequenceEqual(right[..count]))
            {
                return false;
            }
        }

        return true;
    }
}
