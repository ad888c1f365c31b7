using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Rules.Attention;

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
    /// <returns>Null where columns would not tell rows apart.</returns>
    public static KeyColumns? Of(
        NodeStore store, ReadOnlySpan<int> keys, ReadOnlySpan<int> values, int rows, bool hasPlaces)
    {
        var (keyRows, valueRows) = (Rows(keys, rows), Rows(values, rows));
        int[] pairs = [.. keyRows.Zip(valueRows, (key, value) => store.Ordered(store.Kinds.Id("key and value"), [
            store.Unordered(store.Kinds.Id("key"), key), store.Unordered(store.Kinds.Id("value"), value)]))];
        if (hasPlaces)
        {
            pairs = CellWise.Ordered(store, store.Kinds.Id("row at its place"), pairs, store.Places(rows));
        }
        else if (HasTies(pairs, keyRows, valueRows))
        {
            return null;
        }

        var (keyCells, valueCells) = (new int[rows][], new int[rows][]);
        for (var row = 0; row < rows; row++)
        {
            int[] pair = [pairs[row]];
            keyCells[row] = CellWise.Ordered(store, store.Kinds.Id("cell of a key"), keyRows[row], pair);
            valueCells[row] = CellWise.Ordered(store, store.Kinds.Id("cell of a value"), valueRows[row], pair);
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

    private static int[][] Rows(ReadOnlySpan<int> labels, int count)
    {
        var width = labels.Length / count;
        var rows = new int[count][];
        for (var row = 0; row < count; row++)
        {
            rows[row] = labels.Slice(row * width, width).ToArray();
        }

        return rows;
    }

    // Rows with the same cells in another order: which cells are of one row is then lost in columns.
    private static bool HasTies(int[] pairs, int[][] keys, int[][] values)
    {
        var first = new Dictionary<int, int>();
        for (var row = 0; row < pairs.Length; row++)
        {
            if (!first.TryAdd(pairs[row], row)
                && !(keys[row].AsSpan().SequenceEqual(keys[first[pairs[row]]])
                    && values[row].AsSpan().SequenceEqual(values[first[pairs[row]]])))
            {
                return true;
            }
        }

        return false;
    }
}
