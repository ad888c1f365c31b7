using Stip.Keys.Owner;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection;

namespace Stip.Export.Running;

/// <summary>A decoder in one process: token ids in, logits of every row and the cache out.</summary>
internal static class DecoderRun
{
    /// <summary>Runs a folder of export.</summary>
    /// <returns><c>logits</c> <c>[batch, n, vocab]</c>, then <c>present.*</c> <c>[batch, kv_heads, n,
    /// head_dim]</c>.</returns>
    public static IEnumerable<(string Name, HostTensor Tensor)> Run(
        string folder, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        var manifest = ExportFolder.ReadManifest(folder);
        using var tables = EmbeddingTables.Open(folder, manifest.Embedding);
        var path = Path.Combine(folder, manifest.Graphs["decoder"].File);
        return Run(tables, path, manifest.ContextLength, (_, tensor) => tensor, inputs);
    }

    /// <summary>Runs a protected package with the client's part before it and the owner's keys after it.</summary>
    /// <returns>What the plain model gives, in its order and layout.</returns>
    public static IEnumerable<(string Name, HostTensor Tensor)> RunPackage(
        string folder, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        using var model = ProtectedModel.Open(
            folder, Environment.GetEnvironmentVariable(OwnerStore.PassphraseVariable));
        return Run(model.Tables, model.GraphPath, model.Package.ContextLength, model.Restore, inputs);
    }

    private static IReadOnlyList<(string Name, HostTensor Tensor)> Run(
        EmbeddingTables tables,
        string graphPath,
        int contextLength,
        Func<string, HostTensor, HostTensor> restore,
        IReadOnlyDictionary<string, HostTensor> inputs)
    {
        var batch = TokenBatch.Read(inputs);
        if (batch.Length > contextLength)
        {
            throw new RefusedException($"{batch.Length} tokens are too many; the model has 1..{contextLength}");
        }

        using var runner = new DecoderRunner(graphPath, batch.Length);
        var rows = new ScatteredRows(batch);
        for (var sequence = 0; sequence < batch.Sequences; sequence++)
        {
            var columns = batch.Columns(sequence);
            if (columns.Length == 0)
            {
                throw new RefusedException(
                    $"attention_mask leaves out every token of row {sequence}; at least 1 must count");
            }

            runner.Rewind(0);
            long[] ids = [.. columns.Select(column => batch.Ids[sequence * batch.Length + column])];
            var logits = HostTensor.FromFloats(
                runner.Append(tables.Embed(ids, firstPosition: 0), allRows: true), 1, columns.Length, runner.VocabSize);
            rows.Add("logits", restore("logits", logits), sequence, columns, axis: 1);
            foreach (var (name, tensor) in runner.ReadCache())
            {
                rows.Add(name, restore(name, tensor), sequence, columns, axis: 2);
            }
        }

        return rows.Tensors;
    }
}
