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
internal sealed record LookupTerms(string Tokens, IReadOnlyList<string> Positions, string? Types)
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
    public static LookupTerms? Find(GraphProto graph)
    {
        var ids = graph.Input.FirstOrDefault(input => input.Name == Ids);
        if (graph.Output is not [{ Name: DecoderPorts.Embeds } rows]
            || !ElementTypes.IsFloat((DataType)rows.Type.TensorType.ElemType)
            || ids?.Type.TensorType.Shape?.Dim.Count != IdsRank)
        {
            return null;
        }

        var reads = new ValueReads(graph);
        var byInputs = reads.Addends(rows.Name).ToLookup(
            name => string.Join(' ', reads.InputsOf(name).Order(StringComparer.Ordinal)), StringComparer.Ordinal);
        return byInputs.All(group => group.Key is Ids or TypeIds or PositionIds or "")
            && byInputs[Ids].ToArray() is [var tokens] && byInputs[TypeIds].Take(2).Count() < 2
            ? new LookupTerms(
                tokens, [.. byInputs[PositionIds].Concat(byInputs[""])], byInputs[TypeIds].FirstOrDefault())
            : null;
    }
}
