using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Ports;

namespace Stip.Onnx.Protection.Cut;

/// <summary>A graph of another exporter as it came, to be run beside its protected form.</summary>
/// <param name="Path">The ONNX file.</param>
/// <param name="Role">What the graph is in the model.</param>
/// <param name="Inputs">Its inputs.</param>
/// <param name="Limits">Rows of the tables that integer inputs index.</param>
/// <param name="Features">Inputs of the server's graph that are features and come from the client.</param>
internal sealed record ForeignSource(
    string Path,
    string Role,
    IReadOnlyList<ValueInfoProto> Inputs,
    IReadOnlyDictionary<string, long> Limits,
    IReadOnlyList<string> Features)
{
    private readonly Lazy<int?> _traced = new(() => Symmetry.TracedLength.Of(Path));

    /// <summary>What masks, positions and lengths among the inputs are.</summary>
    public required PortUses Uses { get; init; }

    /// <summary>Masks that stand over features.</summary>
    public required SwitchAxes Switches { get; init; }

    /// <summary>The graph's own names of what is usually called input_ids and position_ids; null where it calls them
    /// so, or where it is not clear.</summary>
    public IReadOnlyDictionary<string, string>? TokenNames { get; init; }

    /// <summary>Inputs of the server's graph that cross as they are.</summary>
    public IReadOnlyList<string> Open { get; init; } = [];

    /// <summary>Inputs of the server's graph that are taken for features though nothing says so.</summary>
    public IReadOnlyList<string> Taken { get; init; } = [];

    /// <summary>True where the graph has caches.</summary>
    public bool HasCaches { get; init; }

    /// <summary>Pictures and sounds among the inputs.</summary>
    public required IReadOnlySet<string> Signals { get; init; }

    /// <summary>Lengths of axes that only their names state: head sizes, channels, windows.</summary>
    public required IReadOnlyDictionary<string, int> Lengths { get; init; }

    /// <summary>Inputs that are states of a fixed size.</summary>
    public IReadOnlySet<string> States { get; init; } = new HashSet<string>();

    /// <summary>Axes of caches that grow.</summary>
    public IReadOnlyDictionary<string, AxisRole> Grown { get; init; } = new Dictionary<string, AxisRole>();

    /// <summary>How many rows stand for each sequence of a batch, by the name of the axis.</summary>
    public IReadOnlyDictionary<string, int> Multiples { get; init; } = new Dictionary<string, int>();

    /// <summary>Positions of caches that hold a window and no more; 0 where there are none.</summary>
    public int Window { get; init; }

    /// <summary>Heights that pictures may have, the likeliest first.</summary>
    public required IReadOnlyList<int> Pictures { get; init; }

    /// <summary>How many tokens the graph takes, null where that is free.</summary>
    public required int? FixedLength { get; init; }

    /// <summary>The length at which the graph was traced, for where it runs at no other; null where there is
    /// none.</summary>
    public int? TracedLength => _traced.Value;

    /// <summary>The same where verification had to ask for it, since the graph ran at no usual length.</summary>
    public int? OnlyLength => _traced.IsValueCreated ? _traced.Value : null;
}
