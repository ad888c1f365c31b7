using System.Globalization;
using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry;

/// <summary>The small sizes at which a graph runs on labels: no two kinds of axes are confused.</summary>
/// <param name="Sequence">New tokens.</param>
/// <param name="Past">Tokens in the cache.</param>
/// <param name="Encoder">Positions of an encoder's states.</param>
/// <param name="Picture">Height and width of pictures.</param>
internal sealed record ProbeSizes(int Sequence, int Past, int Encoder, int Picture)
{
    public const int Batch = 2;

    // Axes whose name says nothing get a length that no other axis has.
    private const int Other = 7;

    private const int TracedLength = 8;

    private readonly Dictionary<string, int> _fixed = new(StringComparer.Ordinal);

    // Where a symbol that says nothing stands alone for the first time; sums of such symbols follow from there.
    private readonly Dictionary<string, (string Name, int Place, int Rank)> _standing = new(StringComparer.Ordinal);

    public int Total => Past + Sequence;

    /// <summary>True where every position gets labels of its own: a graph that only runs at certain lengths was traced
    /// at them, and may do something else at each place.</summary>
    public bool TellsPositionsApart => Sequence >= TracedLength;

    /// <summary>Sizes to try one after the other: small ones first, larger ones where windows, patches or fixed
    /// tables ask for them.</summary>
    public static IEnumerable<ProbeSizes> Guesses(GraphProto graph)
    {
        var known = KnownAxes.Of(graph);
        var pictures = KnownAxes.Pictures(graph);
        ProbeSizes[] sequences =
        [
            new(3, 2, 4, 0), new(1, 2, 4, 0), new(4, 4, 4, 0), new(8, 0, 8, 0), new(16, 4, 16, 0), new(40, 8, 40, 0),
            new(128, 16, 128, 0), new(400, 16, 400, 0),
        ];
        var length = KnownAxes.SequenceLength(graph);
        foreach (var sizes in pictures.Count > 0
            ? pictures.Select(picture => sequences[0] with { Picture = picture })
            : sequences)
        {
            yield return (sizes with { Sequence = length ?? sizes.Sequence }).Knowing(known, graph);
        }
    }

    /// <summary>The declared shape at these sizes, null where none is declared.</summary>
    public int[]? Shape(ValueInfoProto value) => value.Type?.TensorType?.Shape is { } shape
        ? [.. shape.Dim.Select((axis, place) => Length(value.Name, axis, place, shape.Dim.Count))]
        : null;

    /// <summary>True where the graph fixes the length of an axis.</summary>
    public static bool IsFixed(TensorShapeProto.Types.Dimension axis) =>
        axis.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue
        || int.TryParse(axis.DimParam, CultureInfo.InvariantCulture, out _);

    /// <summary>True where the length of an axis is that of features, whether the graph says so or has forgotten
    /// it.</summary>
    public bool IsFeature(TensorShapeProto.Types.Dimension axis) =>
        IsFixed(axis) || _fixed.ContainsKey(axis.DimParam);

    /// <summary>True where the words of an axis say that it is one of positions or of a batch.</summary>
    public bool IsPosition(TensorShapeProto.Types.Dimension axis) =>
        !IsFixed(axis) && !_fixed.ContainsKey(axis.DimParam)
        && SizeExpression.Symbols(axis.DimParam).Any(symbol => ByWords(symbol) is not null);

    /// <summary>The length of a symbol.</summary>
    private int Of(string symbol, string name, int place, int rank) =>
        _fixed.TryGetValue(symbol, out var length) ? length
        : ByWords(symbol) ?? (_standing.TryGetValue(symbol, out var first)
            ? ByPlace(first.Name, first.Place, first.Rank)
            : ByPlace(name, place, rank));

    private ProbeSizes Knowing(IReadOnlyDictionary<string, int> lengths, GraphProto graph)
    {
        foreach (var input in graph.Input.Where(input => input.Type?.TensorType?.Shape is not null))
        {
            var axes = input.Type.TensorType.Shape.Dim;
            for (var place = 0; place < axes.Count; place++)
            {
                _standing.TryAdd(axes[place].DimParam, (input.Name, place, axes.Count));
            }
        }

        foreach (var (symbol, length) in lengths)
        {
            _fixed[symbol] = length;
        }

        return this;
    }

    private int Length(string name, TensorShapeProto.Types.Dimension axis, int place, int rank) =>
        axis.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue ? checked((int)axis.DimValue)
        : SizeExpression.Evaluate(axis.DimParam, symbol => Of(symbol, name, place, rank));

    private int? ByWords(string symbol) => symbol switch
    {
        _ when Has(symbol, "batch") => Batch,
        _ when Has(symbol, "past") && Has(symbol, "total") => Total,
        _ when Has(symbol, "past") || Has(symbol, "cache_len") => Past,
        _ when Has(symbol, "total") || Has(symbol, "max") => Total,
        _ when Has(symbol, "encoder") && !Has(symbol, "decoder") => Encoder,
        _ when Has(symbol, "height") || Has(symbol, "width") => Picture > 0 ? Picture : Other,
        _ when Has(symbol, "channel") => 3,
        _ when Has(symbol, "seq") || Has(symbol, "len") || Has(symbol, "token") => Sequence,
        _ => null,
    };

    // Names like s0 or dim_1 say nothing; where they stand does.
    private int ByPlace(string name, int place, int rank) => (place, rank) switch
    {
        (0, > 1) => Batch,
        (_, 4) when Picture > 0 => place == 1 ? 3 : Picture,
        (2, 4) => Has(name, "mask") ? Sequence : Past,
        (3, 4) or (1, 2) when Has(name, "mask") => Total,
        (_, <= 3) => Sequence,
        _ => Other,
    };

    private static bool Has(string name, string word) => name.Contains(word, StringComparison.OrdinalIgnoreCase);
}
