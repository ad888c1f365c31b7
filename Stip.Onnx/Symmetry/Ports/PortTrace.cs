namespace Stip.Onnx.Symmetry.Ports;

/// <summary>What a value is made of, as far as the uses of inputs need it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Raw">Inputs whose numbers it holds as they are, moved, cast or shifted by a constant.</param>
/// <param name="Counted">Inputs that it was counted or compared from.</param>
internal sealed record PortTrace(TraceKind Kind, IReadOnlySet<string> Raw, IReadOnlySet<string> Counted)
{
    private static readonly IReadOnlySet<string> None = new HashSet<string>();

    public static PortTrace Constant { get; } = new(TraceKind.Constant, None, None);

    /// <summary>What holds no input as it is.</summary>
    public static PortTrace Only(TraceKind kind) => new(kind, None, None);

    public static PortTrace Input(string name) => new(TraceKind.Numbers, new HashSet<string> { name }, None);

    /// <summary>True for sines and cosines of numbers that the caller gave.</summary>
    public bool IsAngle { get; init; }

    /// <summary>Inputs that were added to it where it is scores.</summary>
    public IReadOnlySet<string> Biases { get; init; } = None;

    /// <summary>All inputs that it came from.</summary>
    public IEnumerable<string> All => Raw.Concat(Counted);

    /// <summary>The same numbers, counted or compared.</summary>
    public PortTrace AsCounted() => this with { Raw = None, Counted = All.ToHashSet(StringComparer.Ordinal) };

    /// <summary>What came of several values.</summary>
    public static PortTrace Of(TraceKind kind, IReadOnlyCollection<PortTrace> traces)
    {
        var raw = traces.SelectMany(trace => trace.Raw).ToHashSet(StringComparer.Ordinal);
        var counted = traces.SelectMany(trace => trace.Counted).ToHashSet(StringComparer.Ordinal);
        return new PortTrace(kind, raw, counted)
        {
            IsAngle = kind == TraceKind.Rows && traces.All(trace => trace.IsAngle),
        };
    }
}
