using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Rules.Attention;

namespace Stip.Onnx.Symmetry.Values;

/// <summary>
/// Scores of many queries against many keys, or what is made of them row by row, not written out cell by cell: there
/// are as many as positions times positions.
/// </summary>
/// <param name="Shape">Its shape; the last axis counts keys, or has length one where rows were reduced.</param>
/// <param name="Product">Queries and keys.</param>
/// <param name="Row">The node of a row, from its number and the node that stands for its products.</param>
/// <param name="HasPlaces">True where keys of a row are told apart by more than what they are: by a bias, a
/// mask.</param>
/// <param name="Written">The operator that makes it, on cells that are written out.</param>
internal sealed record ScoresValue(
    int[] Shape, ScoreProduct Product, Func<int, int, int> Row, bool HasPlaces, Lazy<OperatorCall> Written)
    : Value(Shape)
{
    /// <summary>Numbers of rows.</summary>
    public int RowCount => Shapes.Count(Shape.AsSpan(..^1));
}
