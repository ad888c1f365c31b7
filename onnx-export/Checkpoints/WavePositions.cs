using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>Rows of sines and then cosines of the position at ever lower frequencies.</summary>
/// <param name="Positions">Most positions.</param>
/// <param name="Width">Width of a row, even.</param>
/// <param name="First">Where the first token stands.</param>
/// <param name="Steps">Steps from the highest frequency to 1/10000.</param>
internal sealed record WavePositions(int Positions, int Width, int First, int Steps)
    : CheckpointTensor("positions", TensorDtype.Float32, [Positions, Width])
{
    private const double Longest = 10000;

    /// <summary>As fairseq computes them: the first token stands after padding, the last frequency is
    /// 1/10000.</summary>
    /// <exception cref="Onnx.RefusedException">The table would be larger than that of any model.</exception>
    public static WavePositions OfFairseq(int positions, int width, int first = 2) =>
        Bounded(positions, width, first, width / 2 - 1);

    /// <summary>The first token stands at 0, and 1/10000 is one step beyond the last frequency.</summary>
    /// <exception cref="Onnx.RefusedException">The table would be larger than that of any model.</exception>
    public static WavePositions FromZero(int positions, int width) => Bounded(positions, width, 0, width / 2);

    public override void Read(long firstElement, Span<float> values)
    {
        var half = Width / 2;
        var step = (float)(Math.Log(Longest) / Steps);
        for (var i = 0; i < values.Length; i++)
        {
            var (row, channel) = Math.DivRem(firstElement + i, Width);
            var angle = (row + First) * MathF.Exp((channel % half) * -step);
            values[i] = channel < half ? MathF.Sin(angle) : MathF.Cos(angle);
        }
    }

    private static WavePositions Bounded(int positions, int width, int first, int steps)
    {
        ComputedTable.Check(positions, width);
        return new WavePositions(positions, width, first, steps);
    }
}
