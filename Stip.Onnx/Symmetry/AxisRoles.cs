using System.Globalization;
using Google.Protobuf.Collections;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Ports;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// What the symbols of a graph's free axes count: by the words in them, and where those say nothing (<c>s0</c>,
/// <c>dim_1</c>) by where they stand in the inputs.
/// </summary>
internal sealed class AxisRoles
{
    private const int CacheRank = 4;
    private const string Numbered = "_dynamic_axes_";

    private readonly Dictionary<string, AxisRole> _standing = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<string, AxisRole> _grown;

    /// <param name="inputs">Inputs of the graph; a symbol counts where it stands alone for the first time, and where
    /// its place says something.</param>
    /// <param name="uses">What they are used for.</param>
    /// <param name="hasPictures">True where tensors of four axes are pictures.</param>
    /// <param name="signals">Inputs that a convolution reads; none of them is a cache.</param>
    /// <param name="grown">Axes of caches that grow, which tell themselves.</param>
    public AxisRoles(
        IEnumerable<ValueInfoProto> inputs,
        PortUses uses,
        bool hasPictures = false,
        IReadOnlySet<string>? signals = null,
        IReadOnlyDictionary<string, AxisRole>? grown = null)
    {
        _grown = grown ?? new Dictionary<string, AxisRole>();
        foreach (var input in inputs.Where(input => input.Type?.TensorType?.Shape is not null))
        {
            var axes = input.Type.TensorType.Shape.Dim;
            for (var place = 0; place < axes.Count; place++)
            {
                var role = ByPlace(uses[input.Name], place, axes.Count, hasPictures);
                if (role == AxisRole.Unknown && !hasPictures && signals?.Contains(input.Name) != true
                    && uses[input.Name] != PortUse.Mask && IsCacheLength(axes, place))
                {
                    role = AxisRole.Past;
                }

                if (role != AxisRole.Unknown)
                {
                    _standing.TryAdd(axes[place].DimParam, role);
                }
            }
        }
    }

    /// <summary>The role of a symbol of some input.</summary>
    public AxisRole this[string symbol] => _grown.TryGetValue(symbol, out var grows) ? grows
        : ByWords(symbol) is var role and not AxisRole.Unknown ? role : _standing.GetValueOrDefault(symbol);

    /// <summary>What the words of a symbol say.</summary>
    public static AxisRole ByWords(string symbol) => symbol switch
    {
        _ when IsNumbered(symbol) => AxisRole.Unknown,
        _ when Has(symbol, "batch") => AxisRole.Batch,
        _ when Has(symbol, "past") && Has(symbol, "total") => AxisRole.Total,
        _ when Has(symbol, "past") || Has(symbol, "cache_len") => AxisRole.Past,
        _ when Has(symbol, "total") || Has(symbol, "max") || Has(symbol, "kv_len") => AxisRole.Total,
        _ when Has(symbol, "encoder") && !Has(symbol, "decoder") => AxisRole.Encoder,
        _ when Has(symbol, "height") || Has(symbol, "width") => AxisRole.Side,
        _ when Has(symbol, "channel") => AxisRole.Channels,
        _ when CountsTokens(symbol) => AxisRole.Sequence,
        _ => AxisRole.Unknown,
    };

    /// <summary>True for words of positions in a text.</summary>
    public static bool CountsTokens(string symbol) =>
        Has(symbol, "seq") || Has(symbol, "len") || Has(symbol, "token");

    /// <summary>What the place of an axis in a tensor of that use says.</summary>
    public static AxisRole ByPlace(PortUse use, int place, int rank, bool hasPictures) => (place, rank) switch
    {
        (0, > 1) => AxisRole.Batch,
        (_, CacheRank) when hasPictures => place == 1 ? AxisRole.Channels : AxisRole.Side,
        (2, CacheRank) => use == PortUse.Mask ? AxisRole.Sequence : AxisRole.Past,
        (3, CacheRank) or (2, 3) or (1, 2) when use == PortUse.Mask => AxisRole.Total,
        (_, < CacheRank) => AxisRole.Sequence,
        _ => AxisRole.Unknown,
    };

    // Several layers in one tensor, or keys that are kept turned ([batch, heads, channels, length]).
    private static bool IsCacheLength(RepeatedField<TensorShapeProto.Types.Dimension> axes, int place) =>
        !ProbeSizes.IsFixed(axes[place])
        && (axes.Count > CacheRank || (place == CacheRank - 1 && ProbeSizes.IsFixed(axes[place - 1])));

    // PyTorch names axes that it is given by number alone after the tensor, whatever they count.
    private static bool IsNumbered(string symbol) =>
        symbol.LastIndexOf(Numbered, StringComparison.Ordinal) is > 0 and var at
        && int.TryParse(symbol.AsSpan(at + Numbered.Length), NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static bool Has(string name, string word) => name.Contains(word, StringComparison.OrdinalIgnoreCase);
}
