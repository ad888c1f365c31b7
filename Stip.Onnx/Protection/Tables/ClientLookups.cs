using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Blocks;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Running;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection.Tables;

/// <summary>
/// Writes the client's part of a graph of another exporter as <c>embedding.safetensors</c>, as of own exports, so that
/// clients need not run a graph for it.
/// </summary>
internal static class ClientLookups
{
    // float32 sums in another order, and rows that were added in 16 bits.
    private const double FloatTolerance = 1e-5;
    private const double HalfTolerance = 1e-2;

    /// <summary>Puts tables in the place of the client's permuted graph.</summary>
    /// <param name="plain">The plain model.</param>
    /// <param name="client">The client's folder, with the permuted graph.</param>
    /// <returns>What the model's manifest says then; null where the graph stays.</returns>
    public static ExportManifest? TryWrite(PlainModel plain, string client)
    {
        // Layers that look at each token alone are a table too, but not the model's: the client keeps them as they are.
        if (plain.Manifest.ClientLayers is not null || plain.Sources is not [var source]
            || plain.Parts.Where(part => part.IsClient).ToArray() is not [var part]
            || LookupTerms.Find(part.Graph, source.TokenNames) is not { } terms)
        {
            return null;
        }

        var graph = Path.Combine(client, part.FileName);
        EmbeddingManifest manifest;
        TensorDtype type;
        int? positions;
        using (var permuted = ModelFile.Load(graph))
        {
            if (SentOrder.IsIn(permuted.Graph)
                || new LookupTables(permuted.Model, client, source, terms).Find() is not { } tables)
            {
                return null;
            }

            manifest = new EmbeddingManifest([.. tables.Keys]) { Names = terms.Names };
            try
            {
                var path = Path.Combine(client, BundleManifest.EmbeddingFileName);
                (type, positions) = Write(tables, source.Limits[terms.Own(LookupTerms.Ids)], path);
            }
            catch (Exception e) when (e is MissingRowsException or RefusedException)
            {
                // Or ids of few bits, which name no row at the table's end.
                File.Delete(Path.Combine(client, BundleManifest.EmbeddingFileName));
                return null;
            }
        }

        if (!IsSame(graph, client, manifest, source))
        {
            File.Delete(Path.Combine(client, BundleManifest.EmbeddingFileName));
            return null;
        }

        File.Delete(graph);
        File.Delete(graph + ".data");
        return plain.Manifest with
        {
            Embedding = manifest,
            ClientGraphs = null,
            ContextLength = Math.Min(plain.Manifest.ContextLength, positions ?? int.MaxValue),
            WireDtype = (manifest.Tensors.Count > 1 ? TensorDtype.Float32 : type).WireName(),
        };
    }

    private static (TensorDtype Type, int? Positions) Write(
        IReadOnlyDictionary<string, IEnumerable<HostTensor>> tables, long vocabulary, string path)
    {
        var firsts = tables.ToDictionary(table => table.Key, table => table.Value.First(), StringComparer.Ordinal);
        var sources = tables.Select(table => new SafetensorsWriter.Source(
            table.Key,
            firsts[table.Key].Dtype,
            [RowsOf(table.Key), firsts[table.Key].Shape[^1]],
            stream =>
            {
                foreach (var rows in table.Value)
                {
                    stream.Write(rows.Bytes);
                }
            }));
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
        SafetensorsWriter.Write(file, [.. sources]);
        return (firsts[EmbeddingManifest.Token].Dtype,
            (int?)firsts.GetValueOrDefault(EmbeddingManifest.Position)?.Shape[0]);

        long RowsOf(string table) =>
            table == EmbeddingManifest.Token ? vocabulary : firsts[table].Shape[0];
    }

    // The tables against the graph that they stand for, on random texts of several shapes.
    private static bool IsSame(string graph, string client, EmbeddingManifest manifest, ForeignSource source)
    {
        using var tables = EmbeddingTables.Open(client, manifest);
        using var runner = WideTypes.Open(graph);
        string[] names = [.. source.Inputs.Select(input => input.Name)];
        var compared = 0;
        try
        {
            foreach (var given in new ForeignSamples(source).Tries(0))
            {
                if (Rows(runner, given) is not { } rows)
                {
                    continue;
                }

                if (!AreClose(rows, TokenRows.Embed(tables, given, names).ToFloats()))
                {
                    return false;
                }

                compared++;
            }
        }
        catch (RefusedException)
        {
            // What cannot be sampled or looked up cannot be compared: the graph stays.
            return false;
        }

        return compared > 0;
    }

    // Not every shape that is declared is taken.
    private static HostTensor? Rows(GraphRunner runner, IReadOnlyDictionary<string, HostTensor> given)
    {
        try
        {
            return GraphRun.Run(runner, given)[0].Tensor;
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }
    }

    private static bool AreClose(HostTensor rows, float[] other)
    {
        var mine = rows.ToFloats();
        return mine.Length == other.Length && TensorPrimitives.Distance<float>(mine, other)
            <= (rows.Dtype == TensorDtype.Float32 ? FloatTolerance : HalfTolerance)
                * (1 + TensorPrimitives.Norm<float>(mine));
    }
}
