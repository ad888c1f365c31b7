using System.Globalization;
using System.Text.RegularExpressions;

namespace Stip.Onnx.Model;

/// <summary>Numbers of layers, as exporters put them into names: <c>layers.3.mlp</c>, <c>/h.3/attn</c>.</summary>
internal static partial class LayerNames
{
    /// <summary>The layer of a node, by its name or by those of what it reads; null where none says.</summary>
    public static int? Of(NodeProto node) => node.Input.Prepend(node.Name)
        .Select(name => Pattern().Match(name)).FirstOrDefault(match => match.Success) is { } found
        && int.TryParse(found.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var layer)
        ? layer
        : null;

    /// <summary>A name with the number of its layer left open.</summary>
    public static string Open(string name) => Pattern().Replace(
        name, match => match.Value[..^match.Groups[1].Length] + "*");

    [GeneratedRegex(@"(?:layers?|blocks?|h)[._/](\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
