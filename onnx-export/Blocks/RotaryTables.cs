namespace Stip.Export.Blocks;

/// <summary>Cosines and sines of every position, <c>[max_len, head_dim / 2]</c>, shared by all layers.</summary>
/// <param name="Cosines">Name of the cosines in the graph.</param>
/// <param name="Sines">Name of the sines in the graph.</param>
internal sealed record RotaryTables(string Cosines, string Sines)
{
    /// <summary>Computes the tables in the way transformers does: angles in float32.</summary>
    public static RotaryTables Append(DecoderGraph decoder, RotaryFrequencies frequencies, int positions)
    {
        var inverse = frequencies.Inverse; // [head_dim / 2]
        var cosines = new float[positions * inverse.Length]; // [max_len, head_dim / 2]
        var sines = new float[cosines.Length]; // [max_len, head_dim / 2]
        for (var position = 0; position < positions; position++)
        {
            for (var pair = 0; pair < inverse.Length; pair++)
            {
                var angle = position * inverse[pair];
                var cell = position * inverse.Length + pair;
                cosines[cell] = (float)(Math.Cos(angle) * frequencies.Magnitude);
                sines[cell] = (float)(Math.Sin(angle) * frequencies.Magnitude);
            }
        }

        long[] shape = [positions, inverse.Length];
        return new RotaryTables(
            decoder.Graph.AddWeight("rotary.cos", decoder.Weights.Table(shape, cosines)),
            decoder.Graph.AddWeight("rotary.sin", decoder.Weights.Table(shape, sines)));
    }
}
