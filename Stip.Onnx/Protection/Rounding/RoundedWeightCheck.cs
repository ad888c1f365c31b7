using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Rounding;

/// <summary>Checks that a matrix of a package is the rounding of the plain matrix, moved as the keys say.</summary>
internal sealed class RoundedWeightCheck
{
    private readonly WeightRounding _kind;
    private readonly HashSet<string> _rounded;
    private readonly Dictionary<string, GraphTensor> _moved;

    /// <param name="kind">How the package says that it was rounded.</param>
    /// <param name="plain">The plain graph.</param>
    /// <param name="moved">The package's graph.</param>
    public RoundedWeightCheck(WeightRounding kind, GraphPart plain, ModelFile moved)
    {
        _kind = kind;
        _rounded = kind == WeightRounding.None || plain.IsClient
            ? []
            : RoundableMatrices.Of(plain.Graph, plain.Tensors);
        _moved = moved.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>Scales that rounding added to the graph.</summary>
    public int AddedTensors => _rounded.Count;

    /// <summary>True for a matrix, or the scales of one, that rounding made.</summary>
    public bool Has(string name) => _rounded.Contains(name) || IsScales(name);

    /// <summary>True where the package holds what the moved matrix rounds to.</summary>
    /// <param name="tensor">A tensor that <see cref="Has"/> knows; scales are checked with their matrix.</param>
    /// <param name="source">The plain matrix that moved there.</param>
    /// <param name="step">How it moved.</param>
    public bool IsRight(GraphTensor tensor, GraphTensor source, InitializerPlan step)
    {
        if (IsScales(tensor.Name))
        {
            return true;
        }

        if (OnnxDtypes.FromOnnx((int)source.Type) is not { } type
            || !_moved.TryGetValue(tensor.Name + RoundableMatrices.ScalesSuffix, out var scales))
        {
            return false;
        }

        var rounding = new BlockRounding(_kind, type);
        if (source.Shape.Length == 3)
        {
            return AreRight(tensor, scales, source, step, rounding);
        }

        int[] shape = [source.Shape[1], BlockRounding.BlocksOf(source.Shape[0])];
        if (!scales.Shape.SequenceEqual(shape) || !tensor.Shape.SequenceEqual([.. shape, rounding.BlockBytes]))
        {
            return false;
        }

        using var check = new RoundingCheckStream(tensor, scales, rounding, source.Shape[0]);
        PermutedCopy.Write(source, step, check);
        return check.IsEqual;
    }

    // Matrices of experts are rounded as they lie.
    private static bool AreRight(
        GraphTensor tensor, GraphTensor scales, GraphTensor source, InitializerPlan step, BlockRounding rounding)
    {
        var expected = new RoundedExperts(source, rounding);
        if (!Array.ConvertAll(scales.Shape, length => (long)length).SequenceEqual(expected.ScalesShape)
            || !Array.ConvertAll(tensor.Shape, length => (long)length).SequenceEqual(expected.NumbersShape))
        {
            return false;
        }

        using var check = new RoundedRowsStream(
            tensor, scales, rounding, RoundedExperts.BlockLengthOf(source, rounding));
        PermutedCopy.Write(source, step, check);
        return check.IsEqual;
    }

    private bool IsScales(string name) => name.EndsWith(RoundableMatrices.ScalesSuffix, StringComparison.Ordinal)
        && _rounded.Contains(name[..^RoundableMatrices.ScalesSuffix.Length]);
}
