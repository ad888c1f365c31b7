using System.Globalization;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Onnx.Running;

/// <summary>A decoder with a shared cache: token ids in, logits of every row and the cache out.</summary>
internal static class DecoderRun
{
    /// <returns><c>logits</c> <c>[batch, n, vocab]</c>, then <c>present.*</c> <c>[batch, kv_heads, n,
    /// head_dim]</c>.</returns>
    public static IReadOnlyList<(string Name, HostTensor Tensor)> Run(
        IModelSide side, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        var batch = TokenBatch.Read(inputs);
        return Run(side, batch, (_, ids) => TablesOf(side).Embed(ids, firstPosition: 0));
    }

    /// <summary>Runs sequences whose rows the caller makes.</summary>
    /// <param name="side">The model.</param>
    /// <param name="batch">Token ids.</param>
    /// <param name="embed">Rows <c>[n, hidden]</c> of the tokens of a sequence that count.</param>
    public static IReadOnlyList<(string Name, HostTensor Tensor)> Run(
        IModelSide side, TokenBatch batch, Func<int, long[], float[]> embed)
    {
        if (batch.Length > side.ContextLength)
        {
            throw new RefusedException($"{batch.Length} tokens are too many; the model has 1..{side.ContextLength}");
        }

        using var run = new DecoderSequence(side, batch.Length);
        var most = Array.MaxLength / sizeof(float) / run.VocabSize;
        if ((long)batch.Sequences * batch.Length > most)
        {
            throw new RefusedException(string.Create(
                CultureInfo.InvariantCulture,
                $"logits of {batch.Sequences} times {batch.Length} tokens are more than a tensor holds; at most {most} "
                + $"tokens in all fit with {run.VocabSize} words"));
        }

        var rows = new ScatteredRows(batch);
        for (var sequence = 0; sequence < batch.Sequences; sequence++)
        {
            var columns = batch.Columns(sequence);
            if (columns.Length == 0)
            {
                throw new RefusedException(
                    $"attention_mask leaves out every token of row {sequence}; at least 1 must count");
            }

            run.Rewind(0);
            long[] ids = [.. columns.Select(column => batch.Ids[sequence * batch.Length + column])];
            rows.Add(DecoderPorts.Logits, run.Append(embed(sequence, ids)), sequence, columns, axis: 1);
            foreach (var (name, tensor) in run.ReadCache())
            {
                rows.Add(name, tensor, sequence, columns, axis: 2);
            }
        }

        return rows.Tensors;
    }

    /// <summary>The client's tables of a model of tokens.</summary>
    public static EmbeddingTables TablesOf(IModelSide side) => side.Tables
        ?? throw new RefusedException("the model has no token table, so it does not take input_ids");
}
