using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Blocks;

/// <summary>How fast each pair of channels turns, as config.json describes it in its older and newer style.</summary>
/// <param name="Inverse">Radians a position, one for each pair of channels.</param>
/// <param name="Magnitude">Factor on cosines and sines.</param>
internal sealed record RotaryFrequencies(float[] Inverse, double Magnitude)
{
    private const double DefaultTheta = 10000;
    private static readonly string[] Kinds = ["default", "linear", "dynamic", "llama3", "yarn"];

    /// <summary>Reads <c>rope_parameters</c>, or <c>rope_theta</c> with <c>rope_scaling</c>.</summary>
    public static RotaryFrequencies Read(ConfigJson config, int headDim, int positions)
    {
        var rope = config.Section("rope_parameters") ?? config.Section("rope_scaling");
        var theta = rope?.Positive("rope_theta", config.Positive("rope_theta", DefaultTheta))
            ?? config.Positive("rope_theta", DefaultTheta);
        var share = (rope ?? config).Positive("partial_rotary_factor", config.Positive("partial_rotary_factor", 1));
        if (share is not 1)
        {
            throw new RefusedException(
                $"config.json: partial_rotary_factor is {share}; this architecture turns whole heads (1)");
        }

        var inverse = Enumerable.Range(0, headDim / 2)
            .Select(pair => (float)(1 / Math.Pow(theta, 2.0 * pair / headDim)))
            .ToArray();
        return rope?.Text("rope_type", "type") switch
        {
            // The dynamic kind differs from the default beyond the positions that the graph has, which never happens.
            null or "default" or "dynamic" => new(inverse, 1),
            "linear" => new([.. inverse.Select(f => (float)(f / rope!.Positive("factor", 1)))], 1),
            "llama3" => new(Llama3Scaling.Read(rope!, positions).Apply(inverse), 1),
            "yarn" => YarnScaling.Read(rope!, theta, headDim, positions).Apply(inverse),
            var kind => throw new RefusedException(
                $"config.json: rope type '{kind}' is not supported; there are {string.Join(", ", Kinds)}"),
        };
    }
}
