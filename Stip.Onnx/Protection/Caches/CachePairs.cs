using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Protocol.Packages;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Caches;

/// <summary>Finds the caches of a graph by what it does with them, whatever their names are.</summary>
internal static class CachePairs
{
    /// <summary>Past and present tensors that grow, in the order of the inputs.</summary>
    /// <param name="graph">The server's graph.</param>
    /// <param name="functions">Functions that its nodes may call.</param>
    /// <param name="sent">Inputs that come from the client.</param>
    public static IReadOnlyList<CacheTensorManifest> Find(
        GraphProto graph, IReadOnlyList<FunctionProto> functions, IReadOnlyCollection<string> sent)
    {
        var weights = graph.Initializer.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        var inputs = graph.Input.Where(input => !weights.Contains(input.Name)).ToArray();
        var carried = CarriedInputs.Of(graph, functions);
        var axes = new CacheAxes(
            FirstAxes(inputs.Where(input => sent.Contains(input.Name) || !IsFloat(input))), KnownAxes.Of(graph));
        var pairs = new Dictionary<string, CacheTensorManifest>(StringComparer.Ordinal);
        foreach (var output in graph.Output)
        {
            var pasts = inputs.Where(input => IsFloat(input) && !sent.Contains(input.Name)
                && carried.TryGetValue(output.Name, out var inside) && inside.Contains(input.Name)
                && CacheAxes.AreAlike(input, output)).ToArray();
            if (pasts is [var past] && axes.Of(past, output) is { } found)
            {
                pairs.TryAdd(past.Name, new CacheTensorManifest(past.Name, output.Name, found));
            }
        }

        return [.. inputs.Where(input => pairs.ContainsKey(input.Name)).Select(input => pairs[input.Name])];
    }

    /// <summary>Names of axes of sequences: rows, masks and positions begin with one.</summary>
    public static IReadOnlySet<string> FirstAxes(IEnumerable<ValueInfoProto> inputs) => inputs
        .Select(input => input.Type?.TensorType?.Shape?.Dim)
        .Where(axes => axes is { Count: 2 or 3 } && axes[0].DimParam.Length > 0)
        .Select(axes => axes![0].DimParam).ToHashSet(StringComparer.Ordinal);

    private static bool IsFloat(ValueInfoProto input) =>
        ElementTypes.IsFloat((DataType)(input.Type?.TensorType?.ElemType ?? 0));
}
