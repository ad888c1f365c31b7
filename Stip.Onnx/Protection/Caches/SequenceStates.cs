using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Caches;

/// <summary>Which outputs of a step are which inputs of the next: by the words in their names, by what their names end
/// in, or by what the steps do with them.</summary>
internal static class SequenceStates
{
    private const int LeastRank = 3;

    /// <summary>By the words that exporters have for both; what they do not tell is left out.</summary>
    public static IEnumerable<(string From, string To)> ByWords(GraphProto from, GraphProto to)
    {
        var given = from.Output.Where(port => KeptStates.IsState(port.Name))
            .GroupBy(port => KeptStates.Stem(port.Name)).Where(group => group.Count() == 1)
            .ToDictionary(group => group.Key, group => group.Single().Name, StringComparer.Ordinal);
        return to.Input.Where(port => KeptStates.IsState(port.Name) && given.ContainsKey(KeptStates.Stem(port.Name)))
            .Select(port => (given[KeptStates.Stem(port.Name)], port.Name));
    }

    /// <summary>Of a first step and later ones whose names say nothing: those that the later ones take and give
    /// again, and those that stay.</summary>
    /// <param name="first">The server's graph of the first step.</param>
    /// <param name="next">That of later ones.</param>
    /// <param name="rows">Names of the rows that each takes, and of the logits that the first gives.</param>
    /// <returns>Empty where anything is not told.</returns>
    public static IReadOnlyList<(string From, string To)> ByUse(
        GraphPart first, GraphPart next, (string First, string Next, string Logits) rows)
    {
        var own = CachePairs.Find(next.Graph, next.Model.Functions, [rows.Next]);
        string[] given = Kept(first.Graph.Output, rows.Logits);
        string[] taken = Kept(next.Graph.Input, rows.Next);
        var (made, used) = (new UseOrder(first.Graph, rows.First), new UseOrder(next.Graph, rows.Next));
        var pasts = own.Select(pair => pair.Past).ToHashSet(StringComparer.Ordinal);
        var growing = Pairs(
            made.Of(given.Where(made.IsOfRows)), used.Of(taken.Where(pasts.Contains)));
        var staying = Pairs(
            made.Of(given.Where(name => !made.IsOfRows(name))), used.Of(taken.Where(name => !pasts.Contains(name))));
        return growing is null || staying is null ? ByEnds(given, taken) ?? [] : [.. growing, .. staying];
    }

    /// <summary>Names of which nothing differs but how they begin; null where that is not so of all of them.</summary>
    public static IReadOnlyList<(string From, string To)>? ByEnds(string[] given, string[] taken)
    {
        var (from, to) = (Ends(given), Ends(taken));
        return taken.Length > 0 && to.Keys.All(end => end.Any(char.IsAsciiLetter) && from.ContainsKey(end))
            ? [.. to.Select(end => (from[end.Key], end.Value))]
            : null;
    }

    /// <summary>Floats of at least three axes, but those.</summary>
    public static string[] Kept(IEnumerable<ValueInfoProto> ports, params string[] others) =>
    [
        .. ports.Where(port => !others.Contains(port.Name)
            && ElementTypes.IsFloat((DataType)(port.Type?.TensorType?.ElemType ?? 0))
            && port.Type?.TensorType?.Shape?.Dim is { Count: >= LeastRank }).Select(port => port.Name),
    ];

    private static Dictionary<string, string> Ends(string[] names)
    {
        var common = names.Length == 0 ? 0 : Enumerable.Range(0, names.Min(name => name.Length))
            .TakeWhile(i => names.All(name => name[i] == names[0][i])).Count();
        return names.ToDictionary(name => name[common..], StringComparer.Ordinal);
    }

    private static IEnumerable<(string From, string To)>? Pairs(string[]? from, string[]? to) =>
        from is null || to is null || from.Length != to.Length ? null : from.Zip(to);
}
