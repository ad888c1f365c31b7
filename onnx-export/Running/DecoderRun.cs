using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Export.Running;

/// <summary>An exported decoder in one process: token ids in, logits of every row and the cache out.</summary>
internal static class DecoderRun
{
    /// <returns><c>logits</c> <c>[batch, n, vocab]</c>, then <c>present.*</c> <c>[batch, kv_heads, n, head_dim]</c>.</returns>
    public static IEnumerable<(string Name, HostTensor Tensor)> Run(
        string folder, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        var manifest = ExportFolder.ReadManifest(folder);
        var batch = TokenBatch.Read(inputs);
        if (batch.Length > manifest.ContextLength)
        {
            throw new RefusedException($"{batch.Length} tokens are too many; the model has 1..{manifest.ContextLength}");
        }

        using var tables = EmbeddingTables.Open(folder, manifest.Embedding);
        using var runner = new DecoderRunner(Path.Combine(folder, manifest.Graphs["decoder"].File), batch.Length);
        var rows = new ScatteredRows(batch);
        for (var sequence = 0; sequence < batch.Sequences; sequence++)
        {
            var columns = batch.Columns(sequence);
            if (columns.Length == 0)
            {
                throw new RefusedException($"attention_mask leaves out every token of row {sequence}; at least 1 must count");
            }

            runner.Rewind(0);
            long[] ids = [.. columns.Select(column => batch.Ids[sequence * batch.Length + column])];
            var logits = HostTensor.FromFloats(
                runner.Append(tables.Embed(ids, firstPosition: 0), allRows: true), 1, columns.Length, runner.VocabSize);
            rows.Add("logits", logits, sequence, columns, axis: 1);
            foreach (var (name, tensor) in runner.ReadCache())
            {
                rows.Add(name, tensor, sequence, columns, axis: 2);
            }
        }

        return rows.Tensors;
    }
}
