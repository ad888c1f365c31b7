using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Rules;

/// <summary>
/// Keys and values of one head as columns: a node for each channel that hangs on the cells of this channel in all rows.
/// A query that is paired with the columns of keys stands for its products with every row, so that attention costs a
/// node a row and not one a pair of rows. Which key belongs to which value is told by a node for each row.
/// </summary>
/// <param name="Keys">A node for every channel of keys.</param>
/// <param name="Values">A node for every channel of values.</param>
internal sealed record KeyColumns(int[] Keys, int[] Values)
{
    /// <param name="store">Where nodes are made.</param>
    /// <param name="keys">Rows of keys, row-major.</param>
    /// <param name="values">As many rows of values.</param>
    /// <param name="rows">How many they are.</param>
    /// <param name="hasPlaces">True where rows are told apart by their places.</param>
    public static KeyColumns Of(
        NodeStore store, ReadOnlySpan<int> keys, ReadOnlySpan<int> values, int rows, bool hasPlaces)
    {
        var places = hasPlaces ? store.Places(rows) : [];
        var (keyWidth, valueWidth) = (keys.Length / rows, values.Length / rows);
        var (keyCells, valueCells) = (new int[rows][], new int[rows][]);
        for (var row = 0; row < rows; row++)
        {
            var key = keys.Slice(row * keyWidth, keyWidth).ToArray();
            var value = values.Slice(row * valueWidth, valueWidth).ToArray();
            var (keySet, valueSet) = (
                store.Unordered(store.Kinds.Id("key"), key), store.Unordered(store.Kinds.Id("value"), value));
            int[] both = [store.Ordered(
                store.Kinds.Id("key and value"), hasPlaces ? [keySet, valueSet, places[row]] : [keySet, valueSet])];
            keyCells[row] = CellWise.Ordered(store, store.Kinds.Id("cell of a key"), key, both);
            valueCells[row] = CellWise.Ordered(store, store.Kinds.Id("cell of a value"), value, both);
        }

        return new KeyColumns(
            CellWise.Unordered(store, store.Kinds.Id("column of keys"), keyCells),
            CellWise.Unordered(store, store.Kinds.Id("column of values"), valueCells));
    }

    /// <summary>The node of a query's products with every row of keys.</summary>
    public int Products(NodeStore store, ReadOnlySpan<int> query) => store.Unordered(
        store.Kinds.Id("products"), CellWise.Ordered(store, store.Kinds.Id("product"), query.ToArray(), Keys));

    /// <summary>What a row of shares makes of the values, by channel.</summary>
    public int[] Mixed(NodeStore store, int shares) =>
        CellWise.Ordered(store, store.Kinds.Id("mixed"), [shares], Values);
}
