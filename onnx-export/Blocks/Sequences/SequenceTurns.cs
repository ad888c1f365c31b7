using Stip.Export.Blocks.Positions;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Sequences;

/// <summary>Rotary positions of an encoder or a decoder: angles are computed for the rows at hand, so that no table
/// bounds the length of a sound.</summary>
/// <param name="graph">The graph.</param>
/// <param name="frequencies">How fast pairs turn.</param>
internal sealed class SequenceTurns(SequenceGraph graph, RotaryFrequencies frequencies)
{
    private const string Name = "turns";

    private readonly GraphBuilder _graph = graph.Graph;

    /// <summary>Appends the turn of some heads.</summary>
    /// <param name="name">Name of the node.</param>
    /// <param name="rows">Heads <c>[batch, heads, seq, dim]</c>.</param>
    /// <param name="heads">How many they are.</param>
    public string Append(string name, string rows, int heads) => _graph.AddMicrosoft(
        "RotaryEmbedding",
        name,
        [rows, _graph.Shared($"{Name}.first", 0), Table("Cos"), Table("Sin")],
        [$"{name}/output"],
        NodeAttribute.Int("num_heads", heads),
        NodeAttribute.Int("rotary_embedding_dim", 2 * frequencies.Inverse.Length),
        NodeAttribute.Int("interleaved", 1))[0];

    // A row of angles for each row, in float32 whatever the graph computes in.
    private string Table(string function)
    {
        var name = $"{Name}.{function}";
        if (_graph.Has($"{name}.scaled/output"))
        {
            return $"{name}.scaled/output";
        }

        var turned = _graph.Add(function, name, [Angles()]);
        var own = _graph.Add("Cast", $"{name}.own", [turned], To(graph.Weights.Dtype));
        return _graph.Add("Mul", $"{name}.scaled", [
            own, _graph.AddConstant($"{name}.magnitude", graph.Weights.Dtype, frequencies.Magnitude)]);
    }

    private string Angles()
    {
        const string angles = $"{Name}.angles";
        if (_graph.Has($"{angles}/output"))
        {
            return $"{angles}/output";
        }

        var places = _graph.Add("Cast", $"{Name}.places", [graph.Queries()], To(TensorDtype.Float32));
        return _graph.Add("Mul", angles, [
            _graph.Add("Unsqueeze", $"{Name}.column", [places, _graph.AddConstant($"{Name}.axis", 1)]),
            _graph.AddWeight($"{Name}.speeds", Weight.FromFloats(
                TensorDtype.Float32, [1, frequencies.Inverse.Length], frequencies.Inverse))]);
    }

    private static AttributeProto To(TensorDtype dtype) => NodeAttribute.Int("to", (long)dtype.ToOnnx());
}
