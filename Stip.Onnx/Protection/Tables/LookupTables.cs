using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection.Blocks;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Protection.Tables;

/// <summary>
/// The tables that a client's graph of look-ups and adds amounts to: what it makes of every token, position and type,
/// some thousand rows at a time.
/// </summary>
/// <param name="model">The client's graph, plain or permuted.</param>
/// <param name="folder">Where its external data lies.</param>
/// <param name="source">The graph that it was cut out of, which tells how far ids go.</param>
/// <param name="terms">What it adds up.</param>
internal sealed class LookupTables(ModelProto model, string folder, ForeignSource source, LookupTerms terms)
{
    private const int RowsAtOnce = 1024;

    // Beyond this a table of positions is no table that a client should have.
    private const int MostPositions = 1 << 17;

    // Exporters keep some rows before the first position.
    private const int MostLeadingRows = 8;

    /// <summary>Every table by its name, rows <c>[n, hidden]</c> in pieces; null where the graph cannot be asked like
    /// that. Pieces throw <see cref="MissingRowsException"/> where it turns out that it gives no row for a token.
    /// </summary>
    public IReadOnlyDictionary<string, IEnumerable<HostTensor>>? Find()
    {
        var tables = new Dictionary<string, IEnumerable<HostTensor>>(StringComparer.Ordinal);
        if (source.FixedLength is not null
            || source.Limits.GetValueOrDefault(terms.Own(LookupTerms.Ids)) is not (> 0 and var vocab)
            || Rows(terms.Tokens, 0, 1) is null)
        {
            return null;
        }

        tables[EmbeddingManifest.Token] = Pieces(vocab);
        if (terms.Positions.Count > 0)
        {
            if (PositionRows() is not { } positions)
            {
                return null;
            }

            tables[EmbeddingManifest.Position] = [positions];
        }

        if (terms.Types is { } types)
        {
            var count = source.Limits.GetValueOrDefault(terms.Own(LookupTerms.TypeIds));
            if (count is < 1 or > RowsAtOnce || Rows(types, 0, (int)count) is not { } rows)
            {
                return null;
            }

            tables[EmbeddingManifest.TokenType] = [rows];
        }

        return tables;
    }

    private IEnumerable<HostTensor> Pieces(long vocabulary)
    {
        using var runner = Runner(terms.Tokens);
        for (var first = 0L; first < vocabulary; first += RowsAtOnce)
        {
            var count = (int)Math.Min(RowsAtOnce, vocabulary - first);
            yield return Rows(runner, terms.Tokens, first, count)
                ?? throw new MissingRowsException(terms.Tokens);
        }
    }

    // As many as the graph takes: its table may begin with rows that no position reads.
    private HostTensor? PositionRows()
    {
        var longest = LongestTable();
        for (var count = longest; count > 0 && count > longest - MostLeadingRows; count--)
        {
            HostTensor?[] rows = [.. terms.Positions.Select(name => Rows(name, 0, count))];
            if (Array.TrueForAll(rows, table => table is not null))
            {
                return Sum(rows!);
            }
        }

        return null;
    }

    private int LongestTable()
    {
        var pruner = new GraphPruner(model.Graph);
        var (names, _) = pruner.Needed([], terms.Positions);
        var rows = HeldTensors.Of(model.Graph)
            .Where(held => names.Contains(held.Name) && held.Tensor.Dims.Count >= 2)
            .Select(held => held.Tensor.Dims[^2]).DefaultIfEmpty(0).Max();
        return rows is > 0 and <= MostPositions ? (int)rows : 0;
    }

    private static HostTensor Sum(HostTensor[] tables)
    {
        if (tables is [var only])
        {
            return only;
        }

        var sum = tables[0].ToFloats();
        foreach (var table in tables.Skip(1))
        {
            TensorPrimitives.Add(sum, table.ToFloats(), sum);
        }

        return HostTensor.FromFloats(sum, [.. tables[0].Shape]);
    }

    private HostTensor? Rows(string term, long first, int count)
    {
        try
        {
            using var runner = Runner(term);
            return Rows(runner, term, first, count);
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }
    }

    private BlockRunner Runner(string term) => new(model, folder, Inputs(0, 1), [term]);

    // [1, n, hidden] of the graph, or [n, hidden] of what hangs on places alone.
    private HostTensor? Rows(BlockRunner runner, string term, long first, int count)
    {
        try
        {
            var rows = runner.Run(Inputs(first, count))[term];
            return rows.Shape is [.., var given, var width] && given == count && rows.ElementCount == given * width
                ? rows with { Shape = [given, width] }
                : null;
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }
    }

    private Dictionary<string, HostTensor> Inputs(long first, int count)
    {
        long[] numbers = [.. Enumerable.Range(0, count).Select(i => first + i)];
        var given = HostTensor.FromIntegers(numbers, 1, count);
        return new(StringComparer.Ordinal)
        {
            [terms.Own(LookupTerms.Ids)] = given,
            [terms.Own(LookupTerms.PositionIds)] = given,
            [terms.Own(LookupTerms.TypeIds)] = given,
            ["attention_mask"] = HostTensor.FromIntegers([.. numbers.Select(_ => 1L)], 1, count),
        };
    }
}
