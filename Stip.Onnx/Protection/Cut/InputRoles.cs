using Stip.Onnx.Model;
using Stip.Onnx.Protection.Caches;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Ports;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Cut;

/// <summary>
/// Tells the inputs of a graph apart by what the graph does with them: what indexes a table is the user's text, what a
/// convolution reads first is a picture or a sound. Names are asked only where the use says nothing, and what is not
/// known to be open is the client's.
/// </summary>
internal sealed class InputRoles
{
    // Positions index tables as well, and are no secret.
    private static readonly string[] PublicWords = ["mask", "position", "length", "total", "past", "cache"];

    // How many rows and columns a picture has, which the number of its patches tells as well.
    private static readonly string[] GridWords = ["grid_thw", "spatial_shape", "image_size", "grid_hw"];

    private static readonly string[] SignalWords =
        ["pixel", "input_values", "input_features", "image_patches", "time_feature", "real_feature"];

    // Also where frames or patches are cut out without a convolution, unless they say that something made features.
    private static readonly string[] SourceWords =
    [
        "past_values", "time_series", "audio", "wav", "speech", "sound", "spectrogram", "fbank", "image", "video",
    ];

    private static readonly string[] FeatureWords =
        ["embed", "hidden", "state", "feat", "cache", "encod", "latent", "memory", "context", "key_values"];

    private readonly Constants _constants;
    private readonly PortUses _uses;
    private readonly Dictionary<string, HashSet<string>> _reach = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<string>> _made = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _raw = new(StringComparer.Ordinal);
    private readonly HashSet<string> _rawIndices = new(StringComparer.Ordinal);
    private readonly HashSet<string> _convolved = new(StringComparer.Ordinal);
    private readonly IReadOnlySet<string> _states;
    private readonly HashSet<string> _batches; // first axes of states
    private readonly List<HashSet<string>> _met = [];

    private InputRoles(GraphProto graph, Constants constants, PortUses uses)
    {
        _uses = uses;
        _constants = constants;
        _states = CarriedInputs.States(graph);
        _batches = graph.Input.Where(input => _states.Contains(input.Name))
            .Select(input => input.Type?.TensorType?.Shape?.Dim.FirstOrDefault()?.DimParam ?? "")
            .ToHashSet(StringComparer.Ordinal);
    }

    public static Dictionary<string, InputRole> Find(GraphProto graph, Constants constants, PortUses uses)
    {
        var roles = new InputRoles(graph, constants, uses);
        var inputs = graph.Input.Where(input => !constants.Has(input.Name)).ToArray();
        foreach (var input in inputs)
        {
            roles._reach[input.Name] = [input.Name];
            roles._raw[input.Name] = input.Name;
        }

        foreach (var node in graph.Node.Where(node => node.OpType is not ("Shape" or "Size")))
        {
            roles.Follow(node);
        }

        var found = inputs.ToDictionary(input => input.Name, roles.RoleOf, StringComparer.Ordinal);
        var signals = found.Where(role => role.Value == InputRole.Signal).Select(role => role.Key)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var input in inputs.Where(input => found[input.Name] == InputRole.Features
            && !roles._states.Contains(input.Name) && !Has(input.Name, FeatureWords)
            && roles._met.Exists(met => met.Contains(input.Name) && met.Overlaps(signals))))
        {
            // What is laid over a series cell by cell is as long as it, and no layer made it.
            found[input.Name] = InputRole.Signal;
        }

        return found;
    }

    private void Follow(NodeProto node)
    {
        if (Lookups.IndexOf(node, _constants) is { } index)
        {
            if (_raw.TryGetValue(index, out var raw))
            {
                _rawIndices.Add(raw);
            }

            return;
        }

        if (RawValues.Keeps(node) && _raw.TryGetValue(node.Input[0], out var kept))
        {
            _raw[node.Output[0]] = kept;
        }

        if (Convolutions.KernelOf(node) is not null)
        {
            _convolved.UnionWith(_reach.GetValueOrDefault(node.Input[0]) ?? []);
            return;
        }

        string[] operands = [.. OuterReads.Of(node)];
        var sources = Inputs(_reach, operands);
        var products = Inputs(_made, operands);

        // A product ends what is still the input itself, and so does a sum of both: those are rows with what a layer
        // made of them, whatever a convolution does to them later.
        if (PortOperators.IsProduct(node) || PortOperators.IsAttention(node) || node.OpType is "MoE" or "QMoE")
        {
            products.UnionWith(sources);
            sources.Clear();
        }
        else if (node.OpType is "Add" or "Sum")
        {
            sources.ExceptWith(products);
        }

        if (sources.Count > 1)
        {
            _met.Add(sources);
        }

        foreach (var output in node.Output)
        {
            Note(_reach, output, sources);
            Note(_made, output, products);
        }
    }

    private static HashSet<string> Inputs(Dictionary<string, HashSet<string>> found, string[] names) =>
        names.SelectMany(name => found.GetValueOrDefault(name) ?? []).ToHashSet(StringComparer.Ordinal);

    private static void Note(Dictionary<string, HashSet<string>> found, string output, HashSet<string> inputs)
    {
        if (inputs.Count > 0)
        {
            found[output] = inputs;
        }
    }

    private InputRole RoleOf(ValueInfoProto input)
    {
        var use = _uses[input.Name];
        if (!ElementTypes.AreQuantities(input))
        {
            // Masks and lengths index tables too, once positions are counted from them; ids do it themselves.
            var isIndex = _rawIndices.Contains(input.Name) || _uses.IsIndex(input.Name);
            return (!isIndex || use == PortUse.Position || IsLength(input, use))
                && (use != PortUse.Unknown || Has(input.Name, PublicWords) || Has(input.Name, GridWords))
                ? InputRole.Public
                : InputRole.Tokens;
        }

        return use == PortUse.Mask ? InputRole.Public
            : Has(input.Name, SignalWords) || IsPicture(input) || (!_states.Contains(input.Name)
                && (_convolved.Contains(input.Name) || IsSource(input))) ? InputRole.Signal
            : InputRole.Features;
    }

    // One number is no text; places in tables are counted from it. One for each sequence may be an id of each: only
    // beside a cache, and where the graph or the name says so, it is a length.
    private bool IsLength(ValueInfoProto input, PortUse use) =>
        use is PortUse.Past or PortUse.Total or PortUse.LastPosition or PortUse.Sequence
        && input.Type?.TensorType?.Shape is { } shape
        && (shape.Dim is { Count: 0 } or [{ DimValue: 1 }]
            || (shape.Dim is [{ DimParam.Length: > 0 } axis] && _batches.Contains(axis.DimParam)
                && (_uses.IsShown(input.Name) || Has(input.Name, ["len"]))));

    /// <summary>True where nothing says that another graph made these features: no name, and no output that hands
    /// them on.</summary>
    public static bool AreUnnamed(ValueInfoProto input, IReadOnlySet<string> states) =>
        ElementTypes.AreQuantities(input) && !states.Contains(input.Name) && !Has(input.Name, FeatureWords)
        && !input.Name.StartsWith("past", StringComparison.OrdinalIgnoreCase);

    // By its name, or a row of samples: features have an axis of a fixed length. The context of a forecast is a series,
    // that of an attention has rows.
    private static bool IsSource(ValueInfoProto input) => IsContext(input) || (!Has(input.Name, FeatureWords)
        && (Has(input.Name, SourceWords) || (!Has(input.Name, PublicWords)
            && input.Type?.TensorType?.Shape?.Dim is { Count: 2 } axes && !ProbeSizes.IsFixed(axes[1]))));

    private static bool IsContext(ValueInfoProto input) =>
        input.Name.Equals("context", StringComparison.OrdinalIgnoreCase)
        && input.Type?.TensorType?.Shape?.Dim.Count == 2;

    // Bytes, or one or three colours beside a height and a width: also where patches are cut out without a convolution.
    // Caches have heads beside positions and channels, of which the first are free and the others are not.
    private static bool IsPicture(ValueInfoProto input)
    {
        var axes = input.Type?.TensorType?.Shape?.Dim;
        return !Has(input.Name, PublicWords) && (input.Type?.TensorType?.ElemType == (int)DataType.Uint8
            || (axes is { Count: 4 } && ((IsColours(axes[1]) && AreSides(axes[2], axes[3]))
                || (IsColours(axes[3]) && AreSides(axes[1], axes[2])))));
    }

    private static bool IsColours(TensorShapeProto.Types.Dimension axis) => axis.DimValue is 1 or 3;

    private static bool AreSides(TensorShapeProto.Types.Dimension height, TensorShapeProto.Types.Dimension width) =>
        ProbeSizes.IsFixed(height) == ProbeSizes.IsFixed(width) && height.DimValue == width.DimValue
        && height.DimValue is not 1;

    private static bool Has(string name, string[] words) =>
        words.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase));
}
