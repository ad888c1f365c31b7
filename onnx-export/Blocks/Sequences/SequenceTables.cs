using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Blocks.Sequences;

/// <summary>The token table of an encoder and a decoder, and the head that may be the same: files have them under one
/// name or several.</summary>
internal static class SequenceTables
{
    /// <summary>The table of both sides, <c>[vocab, hidden]</c>.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="vocabSize">Rows.</param>
    /// <param name="hidden">Their width.</param>
    /// <param name="head">Name of the head, which is the table where no other is stored.</param>
    /// <param name="names">Names of the table, the usual one first.</param>
    /// <exception cref="RefusedException">There is none, or the sides have tables that differ.</exception>
    public static CheckpointTensor Words(
        ITensorStore tensors, int vocabSize, int hidden, string head, params ReadOnlySpan<string> names)
    {
        CheckpointTensor? first = null;
        foreach (var name in names)
        {
            if (!tensors.Has(name))
            {
                continue;
            }

            var table = tensors.Require(name, vocabSize, hidden);
            if (table is RandomTensor)
            {
                return table;
            }

            first ??= table;
            if (!TiedHead.AreSame(first, table))
            {
                throw new RefusedException(
                    $"tensors '{first.Name}' and '{name}' differ; encoder and decoder must have one token table");
            }
        }

        return first ?? tensors.Require(tensors.Has(head) ? head : names[0], vocabSize, hidden);
    }

    /// <summary>The head <c>[vocab, hidden]</c>: what is stored as such, whatever config.json says.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="name">Its name.</param>
    /// <param name="words">The table.</param>
    /// <param name="isTied">True where it is the table if none is stored.</param>
    public static CheckpointTensor Head(ITensorStore tensors, string name, CheckpointTensor words, bool isTied) =>
        isTied && (words is RandomTensor || words.Name == name || !tensors.Has(name))
            ? words
            : tensors.Require(name, words.Shape[0], words.Shape[1]);
}
