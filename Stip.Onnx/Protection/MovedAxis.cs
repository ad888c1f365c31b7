using Stip.Keys.Permutations;

namespace Stip.Onnx.Protection;

/// <summary>The one axis along which all features of a port move, where there is one: a number of patches or of places
/// of a map may be fixed, and what moves is inside each of them and the same in all.</summary>
internal static class MovedAxis
{
    /// <param name="whole">Where each feature moves to, over all axes that are fixed.</param>
    /// <param name="shape">Lengths of those axes.</param>
    /// <returns>Which of them it is and what happens along it; null where more than one moves.</returns>
    public static (int Axis, Permutation Permutation)? Find(Permutation whole, ReadOnlySpan<int> shape)
    {
        var stride = 1;
        for (var axis = shape.Length - 1; axis >= 0; axis--)
        {
            if (shape[axis] > 1 && Along(whole, stride, shape[axis]) is { } permutation)
            {
                return (axis, permutation);
            }

            stride *= shape[axis];
        }

        return null;
    }

    private static Permutation? Along(Permutation whole, int stride, int length)
    {
        var targets = new int[length];
        for (var i = 0; i < length; i++)
        {
            targets[i] = whole[i * stride] / stride % length;
        }

        for (var i = 0; i < whole.Length; i++)
        {
            var place = i / stride % length;
            if (whole[i] != i + ((targets[place] - place) * stride))
            {
                return null;
            }
        }

        return Permutation.FromTargets(targets);
    }
}
