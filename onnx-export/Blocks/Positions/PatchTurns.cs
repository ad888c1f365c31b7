using Stip.Export.Blocks.Vision;
using Stip.Onnx;

namespace Stip.Export.Blocks.Positions;

/// <summary>How patches turn queries and keys by their place in the image (DINOv3, arXiv 2508.10104): half of the pairs
/// of channels by the row, half by the column, both from -1 to 1 whatever the number of patches.</summary>
internal static class PatchTurns
{
    private const string Name = "rotary";

    /// <summary>Appends the tables of all rows.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="patches">How images are cut.</param>
    /// <param name="tokens">Rows before the patches, which do not turn.</param>
    /// <param name="headDim">Channels of a head.</param>
    /// <param name="theta">Base of the frequencies.</param>
    public static RotaryTables Append(EncoderGraph encoder, PatchSizes patches, int tokens, int headDim, double theta)
    {
        if (headDim % 4 != 0)
        {
            throw new RefusedException(
                $"config.json: a head has {headDim} channels; where rows and columns turn them it must be a multiple "
                + "of 4");
        }

        var angles = Angles(patches, tokens, headDim, theta);
        var graph = encoder.Graph;
        long[] shape = [tokens + patches.Count, headDim / 2];
        return new RotaryTables(
            graph.AddWeight($"{Name}.cos", encoder.Weights.Table(shape, [.. angles.Select(MathF.Cos)])),
            graph.AddWeight($"{Name}.sin", encoder.Weights.Table(shape, [.. angles.Select(MathF.Sin)])),
            graph.Shared($"{Name}.first", 0),
            IsInterleaved: false)
        {
            Turned = headDim,
        };
    }

    private static float[] Angles(PatchSizes patches, int tokens, int headDim, double theta)
    {
        var quarter = headDim / 4;
        var angles = new float[(tokens + patches.Count) * 2 * quarter]; // [tokens + patches, headDim / 2]
        for (var patch = 0; patch < patches.Count; patch++)
        {
            var (row, column) = Math.DivRem(patch, patches.Columns);
            var place = (tokens + patch) * 2 * quarter;
            for (var pair = 0; pair < quarter; pair++)
            {
                var frequency = 1 / MathF.Pow((float)theta, 4f * pair / headDim);
                angles[place + pair] = Angle(row, patches.Rows, frequency);
                angles[place + quarter + pair] = Angle(column, patches.Columns, frequency);
            }
        }

        return angles;
    }

    // The middle of a patch.
    private static float Angle(int place, int count, float frequency) =>
        2 * MathF.PI * ((2 * ((place + 0.5f) / count)) - 1) * frequency;
}
