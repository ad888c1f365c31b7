namespace Stip.Export.Blocks.FeedForward;

/// <summary>xIELU (arXiv 2411.13010): a square on the right, an exponential on the left, both with a weight of their
/// own in each layer.</summary>
internal static class Xielu
{
    /// <summary>Its name in config.json.</summary>
    public const string Name = "xielu";

    private const double DefaultBeta = 0.5;
    private const double DefaultBend = -1e-6;

    /// <summary>Appends the function: <c>right·x² + beta·x</c> above 0, <c>left·(e^x − 1 − x) + beta·x</c>
    /// elsewhere.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="part">Where its weights are in the layer.</param>
    /// <param name="input">Rows.</param>
    public static string Append(DecoderLayer layer, string part, string input)
    {
        var (decoder, graph, name) = (layer.Decoder, layer.Decoder.Graph, layer.Name("mlp.act"));
        var numbers = decoder.Tensors;
        var beta = numbers.FindNumber(layer.Tensor($"{part}.beta")) ?? DefaultBeta;
        var right = Softplus(Required(layer, $"{part}.alpha_p"));
        var left = beta + Softplus(Required(layer, $"{part}.alpha_n"));
        var bend = numbers.FindNumber(layer.Tensor($"{part}.eps")) ?? DefaultBend;

        var square = graph.Add("Mul", $"{name}/square", [input, input]);
        var above = graph.Add("Mul", $"{name}/above", [square, decoder.Scalar($"{name}.right", right)]);
        var negative = graph.Add("Min", $"{name}/negative", [input, decoder.Scalar($"{name}.bend", bend)]);
        var grown = graph.Add("Elu", $"{name}/Elu", [negative]); // e^x − 1 below 0
        var curve = graph.Add("Sub", $"{name}/curve", [grown, input]);
        var below = graph.Add("Mul", $"{name}/below", [curve, decoder.Scalar($"{name}.left", left)]);
        var isAbove = graph.Add("Greater", $"{name}/Greater", [input, decoder.Scalar($"{name}.zero", 0)]);
        var bent = graph.Add("Where", $"{name}/Where", [isAbove, above, below]);
        var slope = graph.Add("Mul", $"{name}/slope", [input, decoder.Scalar($"{name}.beta", beta)]);
        return graph.Add("Add", $"{name}/Add", [bent, slope]);
    }

    private static double Required(DecoderLayer layer, string part)
    {
        var value = new float[1];
        layer.Decoder.Tensors.Require(layer.Tensor(part), 1).Read(0, value);
        return value[0];
    }

    private static double Softplus(double value) => Math.Log(1 + Math.Exp(value));
}
