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

    private readonly Dictionary<string, AxisRole> _standing = new(StringComparer.Ordinal);

    /// <param name="inputs">Inputs of the graph; a symbol counts where it stands alone for the first time.</param>
    /// <param name="uses">What they are used for.</param>
    /// <param name="hasPictures">True where tensors of four axes are pictures.</param>
    public AxisRoles(IEnumerable<ValueInfoProto> inputs, PortUses uses, bool hasPictures = false)
    {
        foreach (var input in inputs.Where(input => input.Type?.TensorType?.Shape is not null))
        {
            var axes = input.Type.TensorType.Shape.Dim;
            for (var place = 0; place < axes.Count; place++)
            {
                _standing.TryAdd(axes[place].DimParam, ByPlace(uses[input.Name], place, axes.Count, hasPictures));
            }
        }
    }

    /// <summary>The role of a symbol of some input.</summary>
    public AxisRole this[string symbol] =>
        ByWords(symbol) is var role and not AxisRole.Unknown ? role : _standing.GetValueOrDefault(symbol);

    /// <summary>What the words of a symbol say.</summary>
    public static AxisRole ByWords(string symbol) => symbol switch
    {
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
        (3, CacheRank) or (1, 2) when use == PortUse.Mask => AxisRole.Total,
        (_, < CacheRank) => AxisRole.Sequence,
        _ => AxisRole.Unknown,
    };

    private static bool Has(string name, string word) => name.Contains(word, StringComparison.OrdinalIgnoreCase);
}
