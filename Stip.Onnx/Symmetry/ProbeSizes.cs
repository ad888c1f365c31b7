using System.Globalization;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Ports;

namespace Stip.Onnx.Symmetry;

/// <summary>The small sizes at which a graph runs on labels: no two kinds of axes are confused.</summary>
/// <param name="Sequence">New tokens.</param>
/// <param name="Past">Tokens in the cache.</param>
/// <param name="Encoder">Positions of an encoder's states.</param>
/// <param name="Picture">Height and width of pictures.</param>
internal sealed record ProbeSizes(int Sequence, int Past, int Encoder, int Picture)
{
    /// <summary>Sequences.</summary>
    public int Batch { get; init; } = 2;

    // Axes whose name says nothing get a length that no other axis has.
    private const int Other = 7;

    private const int Colours = 3;

    // Rows without a batch (patches of a picture) may become one in fours.
    private const int Merged = 4;

    // Convolutions over samples of a sound may reach far together (Moonshine: 127 by 64, 7 by 3, 3 by 2).
    private const int LongSound = 1600;

    private readonly Dictionary<string, int> _fixed = new(StringComparer.Ordinal);

    private AxisRoles _roles = new([], new PortUses(new GraphProto()));

    private HashSet<string> _counted = [];

    private IReadOnlyDictionary<string, int> _multiples = new Dictionary<string, int>();

    /// <summary>What masks, positions and lengths among the inputs are.</summary>
    public PortUses Uses { get; private set; } = new(new GraphProto());

    public int Total => Past + Sequence;

    /// <summary>Sizes to try one after the other: small ones first, larger ones where windows, patches or fixed
    /// tables ask for them.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="functions">Functions that its nodes may call.</param>
    public static IEnumerable<ProbeSizes> Guesses(GraphProto graph, IEnumerable<FunctionProto>? functions = null)
    {
        var known = KnownAxes.Of(graph);
        var uses = new PortUses(graph, functions);
        var grown = GrownAxes.Of(graph, functions);
        var pictures = KnownAxes.Pictures(graph);
        ProbeSizes[] sequences =
        [
            new(3, 2, 4, 0), new(1, 2, 4, 0), new(4, 4, 4, 0), new(8, 0, 8, 0), new(16, 4, 16, 0), new(40, 8, 40, 0),
            new(128, 16, 128, 0), new(400, 16, 400, 0), new(3, 2, 4, 0) { Batch = Merged },
        ];
        if (pictures.Count == 0 && KnownAxes.HasSounds(graph))
        {
            var samples = KnownAxes.SoundLength(graph) ?? LongSound;
            sequences = [.. sequences, new(samples, 16, samples, 0)];
        }

        if (!HasPast(graph, uses, grown))
        {
            sequences = [.. sequences.Where(sizes => sizes.Sequence > 1)];
        }

        var length = KnownAxes.SequenceLength(graph, uses);
        foreach (var sizes in pictures.Count > 0
            ? pictures.Select(picture => sequences[0] with { Picture = picture })
            : sequences)
        {
            yield return (sizes with { Sequence = length ?? sizes.Sequence }).Knowing(known, graph, uses, grown);
        }
    }

    // Without a cache nobody gives single tokens, and one row fits a table of places that it does not belong to.
    private static bool HasPast(
        GraphProto graph, PortUses uses, IReadOnlyDictionary<string, AxisRole> grown)
    {
        var roles = new AxisRoles(graph.Input, uses, grown: grown);
        return graph.Input.Any(input => input.Name.StartsWith("past", StringComparison.Ordinal)
            || input.Type?.TensorType?.Shape?.Dim.Any(axis => roles[axis.DimParam] == AxisRole.Past) == true);
    }

    /// <summary>Sizes that agree with these in nothing that is free: what is the same under both does not follow from
    /// them.</summary>
    public ProbeSizes Longer => this with
    {
        Batch = Batch + 1,
        Sequence = Sequence + 2,
        Past = Past == 0 ? 0 : Past + 3,
        Encoder = Encoder + 1,
    };

    /// <summary>The length that is free: of a side of pictures where there are some, else of texts.</summary>
    public int Free => Picture > 0 ? Picture : Sequence;

    /// <summary>The same with another one.</summary>
    public ProbeSizes WithFree(int length) =>
        Picture > 0 ? this with { Picture = length } : this with { Sequence = length, Encoder = length };

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
        && SizeExpression.Symbols(axis.DimParam).Any(symbol => AxisRoles.ByWords(symbol) != AxisRole.Unknown);

    /// <summary>True where ids, masks or places stand along an axis of that name: those are counted, not made of
    /// features.</summary>
    public bool IsCounted(TensorShapeProto.Types.Dimension axis) =>
        !IsFixed(axis) && _counted.Contains(axis.DimParam);

    /// <summary>True where an axis is that of a batch and of nothing else.</summary>
    public static bool IsBatch(TensorShapeProto.Types.Dimension axis) =>
        !IsFixed(axis) && SizeExpression.Symbols(axis.DimParam).ToArray() is [var symbol]
        && symbol == axis.DimParam && AxisRoles.ByWords(symbol) == AxisRole.Batch
        && !AxisRoles.CountsTokens(symbol);

    /// <summary>The length of a symbol.</summary>
    private int Of(string symbol, string name, int place, int rank) =>
        _fixed.TryGetValue(symbol, out var length) ? length
        : _roles[symbol] is var role and not AxisRole.Unknown ? Of(role) * Multiple(role, symbol)
        : Of(AxisRoles.ByPlace(Uses[name], place, rank, Picture > 0));

    private int Multiple(AxisRole role, string symbol) =>
        role == AxisRole.Batch ? _multiples.GetValueOrDefault(symbol, 1) : 1;

    private ProbeSizes Knowing(
        IReadOnlyDictionary<string, int> lengths,
        GraphProto graph,
        PortUses uses,
        IReadOnlyDictionary<string, AxisRole> grown)
    {
        Uses = uses;
        _multiples = KnownAxes.Multiples(graph);
        _counted = [.. graph.Input.Where(input => !ElementTypes.AreQuantities(input))
            .SelectMany(input => input.Type?.TensorType?.Shape?.Dim ?? []).Select(axis => axis.DimParam)];
        _roles = new AxisRoles(
            graph.Input,
            uses,
            Picture > 0,
            KnownAxes.Convolved(graph).Select(entry => entry.Input.Name).ToHashSet(),
            grown);
        foreach (var (symbol, length) in lengths)
        {
            _fixed[symbol] = length;
        }

        return this;
    }

    private int Length(string name, TensorShapeProto.Types.Dimension axis, int place, int rank) =>
        axis.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue ? checked((int)axis.DimValue)
        : SizeExpression.Evaluate(axis.DimParam, symbol => Of(symbol, name, place, rank));

    private int Of(AxisRole role) => role switch
    {
        AxisRole.Batch => Batch,
        AxisRole.Sequence => Sequence,
        AxisRole.Past => Past,
        AxisRole.Total => Total,
        AxisRole.Encoder => Encoder,
        AxisRole.Side => Picture > 0 ? Picture : Other,
        AxisRole.Channels => Colours,
        _ => Other,
    };
}
