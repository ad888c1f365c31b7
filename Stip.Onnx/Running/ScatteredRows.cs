using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Running;

/// <summary>Puts results of sequences that were run alone back where a batch has them; masked places stay
/// zero.</summary>
internal sealed class ScatteredRows(TokenBatch batch)
{
    private readonly List<(string Name, HostTensor Tensor)> _tensors = [];

    /// <summary>The tensors of the batch, in the order in which they came.</summary>
    public IReadOnlyList<(string Name, HostTensor Tensor)> Tensors => _tensors;

    /// <summary>Adds one sequence's tensor.</summary>
    /// <param name="name">Name of the output.</param>
    /// <param name="tensor">Tensor with batch 1 whose axis <paramref name="axis"/> counts the columns.</param>
    /// <param name="sequence">Row of the batch.</param>
    /// <param name="columns">Where the tokens stand in the row.</param>
    /// <param name="axis">The axis of tokens.</param>
    public void Add(string name, HostTensor tensor, int sequence, int[] columns, int axis)
    {
        var target = Find(name, tensor, axis);
        var outer = (int)tensor.Shape.Take(axis).Aggregate(1L, (product, length) => product * length);
        var rowBytes = tensor.Bytes.Length / outer / columns.Length;
        for (var block = 0; block < outer; block++)
        {
            for (var i = 0; i < columns.Length; i++)
            {
                var row = ((long)sequence * outer + block) * batch.Length + columns[i];
                tensor.Bytes.AsSpan((block * columns.Length + i) * rowBytes, rowBytes)
                    .CopyTo(target.Bytes.AsSpan(checked((int)(row * rowBytes))));
            }
        }
    }

    private HostTensor Find(string name, HostTensor like, int axis)
    {
        var found = _tensors.Find(entry => entry.Name == name).Tensor;
        if (found is null)
        {
            long[] shape = [.. like.Shape];
            (shape[0], shape[axis]) = (batch.Sequences, batch.Length);
            var bytes = shape.Aggregate((long)like.Dtype.ByteSize(), (product, length) => product * length);
            found = new HostTensor(like.Dtype, shape, new byte[bytes]);
            _tensors.Add((name, found));
        }

        return found;
    }
}
