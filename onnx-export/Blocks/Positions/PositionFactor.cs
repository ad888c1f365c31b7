using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Positions;

/// <summary>A factor on queries that grows with the logarithm of their position (arXiv 2501.19399), by steps.</summary>
internal static class PositionFactor
{
    private const string Name = "attention.factor";

    /// <summary>Appends what Mistral's rope section asks for, null where it does not.</summary>
    /// <param name="decoder">A graph that is told positions.</param>
    /// <param name="config">config.json.</param>
    public static string? Append(DecoderGraph decoder, ConfigJson config) =>
        (config.Section("rope_parameters") ?? config.Section("rope_scaling")) is { } rope
            && rope.Zeroable("llama_4_scaling_beta") is > 0 and var growth
            ? Append(decoder, growth, rope.Size("original_max_position_embeddings"))
            : null;

    /// <summary>Appends <c>1 + growth·ln(1 + floor((position + first) / step))</c> once.</summary>
    /// <param name="decoder">A graph that is told positions.</param>
    /// <param name="growth">How fast it grows.</param>
    /// <param name="step">Positions of a step.</param>
    /// <param name="first">What the first position counts as.</param>
    /// <returns>Name of the factor <c>[batch, seq, 1]</c>.</returns>
    public static string Append(DecoderGraph decoder, double growth, int step, int first = 0)
    {
        var graph = decoder.Graph;
        if (graph.Has($"{Name}/output"))
        {
            return $"{Name}/output";
        }

        var places = first == 0 ? DecoderPorts.Positions : graph.Add(
            "Add", $"{Name}.first", [DecoderPorts.Positions, graph.AddConstant($"{Name}.from", first)]);

        // Whole numbers, so that no rounding makes a step too early.
        var steps = graph.Add("Div", $"{Name}.steps", [places, graph.AddConstant($"{Name}.step", step)]);
        var counted = graph.Add(
            "Cast", $"{Name}.counted", [steps], NodeAttribute.Int("to", (int)decoder.Weights.Dtype.ToOnnx()));
        var one = decoder.Scalar($"{Name}.one", 1);
        var logarithm = graph.Add("Log", $"{Name}.log", [graph.Add("Add", $"{Name}.more", [counted, one])]);
        var grown = graph.Add("Mul", $"{Name}.grown", [logarithm, decoder.Scalar($"{Name}.growth", growth)]);
        var factor = graph.Add("Add", $"{Name}.sum", [grown, one]);
        return graph.Add("Unsqueeze", Name, [factor, graph.AddConstant($"{Name}.axis", 2)]);
    }
}
