using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Tables;

/// <summary>
/// What a client's graph adds up to make a row, where it does no more: one value that hangs on the token alone, others
/// on its position or its type. A client needs no runtime for those: they are tables.
/// </summary>
/// <param name="Tokens">The value made of token ids.</param>
/// <param name="Positions">Values made of positions.</param>
/// <param name="Types">The value made of token types, null where there is none.</param>
/// <param name="Names">The graph's own names of what is usually called <see cref="Ids"/>, <see cref="TypeIds"/> and
/// <see cref="PositionIds"/>; null where it calls them so.</param>
internal sealed record LookupTerms(
    string Tokens, IReadOnlyList<string> Positions, string? Types, IReadOnlyDictionary<string, string>? Names)
{
    /// <summary>Ids of tokens, as clients and samples name them.</summary>
    public const string Ids = "input_ids";

    /// <summary>Types of tokens.</summary>
    public const string TypeIds = "token_type_ids";

    /// <summary>Places of tokens.</summary>
    public const string PositionIds = "position_ids";

    private const int IdsRank = 2;

    /// <summary>The terms of a client's graph; null where it is more than look-ups and adds, or where positions come
    /// from a mask, which no table can follow.</summary>
    /// <param name="graph">The client's graph.</param>
    /// <param name="names">See <see cref="Names"/>.</param>
    public static LookupTerms? Find(GraphProto graph, IReadOnlyDictionary<string, string>? names)
    {
        var (tokenIds, typeIds, positionIds) = (Own(names, Ids), Own(names, TypeIds), Own(names, PositionIds));
        var ids = graph.Input.FirstOrDefault(input => input.Name == tokenIds);
        if (graph.Output is not [{ Name: DecoderPorts.Embeds } rows]
            || !ElementTypes.IsFloat((DataType)rows.Type.TensorType.ElemType)
            || ids?.Type.TensorType.Shape?.Dim.Count != IdsRank)
        {
            return null;
        }

        var reads = new ValueReads(graph);
        var byInputs = reads.Addends(rows.Name).ToLookup(
            name => string.Join(' ', reads.InputsOf(name).Order(StringComparer.Ordinal)), StringComparer.Ordinal);
        return byInputs.All(group => group.Key == tokenIds || group.Key == typeIds || group.Key == positionIds
                || group.Key.Length == 0)
            && byInputs[tokenIds].ToArray() is [var tokens] && byInputs[typeIds].Take(2).Count() < 2
            ? new LookupTerms(
                tokens, [.. byInputs[positionIds].Concat(byInputs[""])], byInputs[typeIds].FirstOrDefault(), names)
            : null;
    }

    /// <summary>The graph's name of what is usually called so.</summary>
    public string Own(string usual) => Own(Names, usual);

    private static string Own(IReadOnlyDictionary<string, string>? names, string usual) =>
        names?.GetValueOrDefault(usual) ?? usual;
}
