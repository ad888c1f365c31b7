using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry;

/// <summary>The small sizes at which a graph runs on labels: no two kinds of axes are confused.</summary>
internal static class ProbeSizes
{
    public const int Batch = 2;
    public const int Sequence = 3;
    public const int Past = 2;
    public const int Total = Past + Sequence;

    // Axes whose name says nothing get a length that no other axis has.
    private const int Other = 7;

    /// <summary>The length of an axis that the graph leaves free, by the words in its name.</summary>
    public static int Of(string name) => name switch
    {
        _ when Has(name, "batch") => Batch,
        _ when Has(name, "past") && (Has(name, "+") || Has(name, "total")) => Total,
        _ when Has(name, "past") => Past,
        _ when Has(name, "total") || Has(name, "max") => Total,
        _ when Has(name, "seq") || Has(name, "len") => Sequence,
        _ => Other,
    };

    /// <summary>The declared shape at these sizes, null where none is declared.</summary>
    public static int[]? Shape(ValueInfoProto value) => value.Type?.TensorType?.Shape is { } shape
        ? [.. shape.Dim.Select(Length)]
        : null;

    /// <summary>True where the graph fixes the length of an axis.</summary>
    public static bool IsFixed(TensorShapeProto.Types.Dimension axis) =>
        axis.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue;

    private static int Length(TensorShapeProto.Types.Dimension axis) =>
        IsFixed(axis) ? checked((int)axis.DimValue) : Of(axis.DimParam ?? "");

    private static bool Has(string name, string word) => name.Contains(word, StringComparison.OrdinalIgnoreCase);
}
