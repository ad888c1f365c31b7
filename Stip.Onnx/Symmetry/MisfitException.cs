using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>A node that does not take what it is given at the sizes of a run.</summary>
/// <param name="node">The node, by its first output.</param>
/// <param name="lengths">The shapes of its operands, and the numbers of those that may be shapes themselves.</param>
/// <param name="cause">What went wrong.</param>
internal sealed class MisfitException(string node, IReadOnlyList<IReadOnlyList<int>> lengths, Exception cause)
    : Exception(cause.Message, cause)
{
    private const int MostAxes = 8;

    /// <summary>The node, by its first output.</summary>
    public string Node => node;

    /// <summary>The shapes of its operands, and the numbers of those that may be shapes themselves.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Lengths => lengths;

    /// <summary>With what a node was given.</summary>
    public static MisfitException Of(string node, OperatorCall call, Exception cause) => new(
        node,
        [
            .. call.Inputs.OfType<Value>().Select(value => value.Shape),
            .. call.Inputs.OfType<KnownValue>().Where(known => known is { Rank: 1, Numbers.Length: <= MostAxes })
                .Select(known => known.Integers),
        ],
        cause);
}
