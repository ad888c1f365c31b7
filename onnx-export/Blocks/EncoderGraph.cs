using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks;

/// <summary>A graph without a cache that is being built: every row sees every row that the mask lets count.</summary>
internal sealed class EncoderGraph : ModelGraph
{
    /// <param name="tensors">Tensors of the checkpoint.</param>
    /// <param name="dtype">Type the graph computes in.</param>
    /// <param name="hiddenSize">Width of the residual stream.</param>
    /// <param name="isMasked">True where rows may be padding; images have none.</param>
    /// <param name="rowSize">Width of the rows that come in, null where it is that of the stream.</param>
    public EncoderGraph(
        ITensorStore tensors, TensorDtype dtype, int hiddenSize, bool isMasked, int? rowSize = null)
        : base("encoder", tensors, dtype, hiddenSize)
    {
        Embeds = Graph.AddInput(EncoderPorts.Embeds, dtype, "batch", "seq", rowSize ?? hiddenSize);
        if (isMasked)
        {
            // The attention kernel wants 32 bits, the models' users give 64.
            var mask = Graph.AddInput(EncoderPorts.Mask, TensorDtype.Int64, "batch", "seq");
            Mask = Graph.Add(
                "Cast", "mask/Cast", [mask], NodeAttribute.Int("to", (long)TensorDtype.Int32.ToOnnx()));
        }
    }

    /// <summary>A graph from the raw input on: sound or pixels.</summary>
    /// <param name="tensors">Tensors of the checkpoint.</param>
    /// <param name="dtype">Type the graph computes in.</param>
    /// <param name="hiddenSize">Width of the residual stream.</param>
    /// <param name="start">Declares the input and makes what enters the first layer.</param>
    public EncoderGraph(ITensorStore tensors, TensorDtype dtype, int hiddenSize, Func<EncoderGraph, string> start)
        : base("encoder", tensors, dtype, hiddenSize) => Embeds = start(this);

    /// <inheritdoc/>
    public override string Embeds { get; }

    /// <summary>1 where a row counts, int32 <c>[batch, seq]</c>; null where every row counts.</summary>
    public string? Mask { get; }

    /// <summary>A single number of the graph's own type that several nodes read.</summary>
    public string SharedScalar(string name, double value) =>
        Graph.Has(name) ? name : Graph.AddConstant(name, Weights.Dtype, value);

    /// <summary>Added to the scores of every layer, <c>[1, heads, seq, seq]</c>; null where nothing is.</summary>
    public string? ScoreBias { get; set; }
}
