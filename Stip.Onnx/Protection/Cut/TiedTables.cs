using System.Buffers.Binary;
using Stip.Onnx.Model;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Cut;

/// <summary>
/// Finds tables of the client that the server holds as well, as its output matrix, whatever their names, in whichever
/// file, and turned or not: the server can link a row to its token. Contents are compared, cell by cell at places
/// spread over the whole table.
/// </summary>
internal static class TiedTables
{
    private const int ComparedCells = 4096;

    // Rounding to another float type keeps that much of a number.
    private const double Rounding = 1e-2;

    // Half of the least step of float16, which numbers near 0 are rounded by.
    private const double SmallestStep = 3e-8;

    /// <summary>True where a graph of the server has a table of a client's graph.</summary>
    public static bool Any(IReadOnlyList<GraphPart> parts)
    {
        GraphTensor[] tables = [.. Matrices(parts, ofClient: true)];
        return Matrices(parts, ofClient: false).Any(matrix => tables.Any(table => AreSame(table, matrix)));
    }

    private static IEnumerable<GraphTensor> Matrices(IEnumerable<GraphPart> parts, bool ofClient) => parts
        .Where(part => part.IsClient == ofClient).SelectMany(part => part.Tensors)
        .Where(tensor => tensor.Shape.Count(length => length > 1) > 1);

    private static bool AreSame(GraphTensor table, GraphTensor matrix) =>
        ReferenceEquals(table.Proto, matrix.Proto)
        || (matrix.ElementCount == table.ElementCount
            && (HaveSameCells(table, matrix, isTurned: false) || (IsTurned(table, matrix)
                && HaveSameCells(table, matrix, isTurned: true))));

    private static bool IsTurned(GraphTensor table, GraphTensor matrix) =>
        table.Shape is [var rows, var columns] && matrix.Shape is [var other, _] && columns == other;

    private static bool HaveSameCells(GraphTensor table, GraphTensor matrix, bool isTurned)
    {
        if (BytesOf(table) is not { } mine || BytesOf(matrix) is not { } other)
        {
            return false;
        }

        var (seen, step) = (new HashSet<double>(), Math.Max(1, table.ElementCount / ComparedCells) | 1);
        for (var cell = 0L; cell < table.ElementCount; cell += step)
        {
            var (row, column) = (cell / table.Shape[1], cell % table.Shape[1]);
            var there = isTurned ? (column * table.Shape[0]) + row : cell;
            var (a, b) = (Number(table, cell, mine), Number(matrix, there, other));
            if (Math.Abs(a - b) > (table.Type == matrix.Type ? 0 : Rounding * Math.Abs(a) + SmallestStep))
            {
                return false;
            }

            seen.Add(a);
        }

        // Numbers that are all the same are no table of tokens.
        return seen.Count > 1;
    }

    private static int? BytesOf(GraphTensor tensor) => tensor.Type switch
    {
        DataType.Float => sizeof(float),
        DataType.Float16 or DataType.Bfloat16 => sizeof(ushort),
        DataType.Int8 or DataType.Uint8 => sizeof(byte),
        _ => null,
    };

    private static double Number(GraphTensor tensor, long cell, int bytes)
    {
        var at = tensor.Bytes(cell * bytes, bytes);
        return tensor.Type switch
        {
            DataType.Float => BinaryPrimitives.ReadSingleLittleEndian(at),
            DataType.Float16 => (double)BinaryPrimitives.ReadHalfLittleEndian(at),
            DataType.Bfloat16 => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(at) << 16),
            _ => at[0],
        };
    }
}
