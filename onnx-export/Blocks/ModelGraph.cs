using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks;

/// <summary>A graph that is being built, and where its weights come from.</summary>
/// <param name="name">Name inside the ONNX file.</param>
/// <param name="tensors">Tensors of the checkpoint.</param>
/// <param name="dtype">Type the graph computes in.</param>
/// <param name="hiddenSize">Width of the residual stream.</param>
internal abstract class ModelGraph(string name, ITensorStore tensors, TensorDtype dtype, int hiddenSize)
{
    public GraphBuilder Graph { get; } = new(name);

    public ITensorStore Tensors { get; } = tensors;

    public WeightWriter Weights { get; } = new(dtype);

    /// <summary>The same in float32, for what must not be rounded to the type of the graph.</summary>
    public WeightWriter WideWeights { get; } = new(TensorDtype.Float32);

    public int HiddenSize { get; } = hiddenSize;

    /// <summary>Rows that enter the first layer, <c>[batch, seq, hidden]</c>.</summary>
    public abstract string Embeds { get; }

    /// <summary>Names of experts that the checkpoint stores in 4 bits, and the graph does not.</summary>
    public List<string> Widened { get; } = [];

    /// <summary>What weights are called that several layers share; null where each layer has its own.</summary>
    public Func<string, string>? ShareAs { get; init; }

    /// <summary>A weight of one node, or of the same node in each of the layers that share it.</summary>
    public string AddWeight(string name, Weight weight) => ShareAs is { } share
        ? SharedWeight(share(name), () => weight)
        : Graph.AddWeight(name, weight);

    /// <summary>Rows of the graph's own type in float32; the rows themselves where that is the type.</summary>
    public string InFloat32(string name, string input) => Cast(name, input, TensorDtype.Float32);

    /// <summary>Rows of float32 in the graph's own type.</summary>
    public string InOwnType(string name, string input) => Cast(name, input, Weights.Dtype);

    /// <summary>A weight that several nodes read: made where it is asked for first.</summary>
    public string SharedWeight(string name, Func<Weight> make) =>
        Graph.Has(name) ? name : Graph.AddWeight(name, make());

    private string Cast(string name, string input, TensorDtype to) => Weights.Dtype == TensorDtype.Float32
        ? input
        : Graph.Add("Cast", name, [input], NodeAttribute.Int("to", (int)to.ToOnnx()));
}
