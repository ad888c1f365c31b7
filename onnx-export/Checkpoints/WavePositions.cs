using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>Rows of sines and then cosines of the position at ever lower frequencies, as fairseq computes them: the
/// first token stands at row 2.</summary>
/// <param name="Positions">Most positions.</param>
/// <param name="Width">Width of a row, even.</param>
internal sealed record WavePositions(int Positions, int Width)
    : CheckpointTensor("positions", TensorDtype.Float32, [Positions, Width])
{
    private const int FirstRow = 2;
    private const double Longest = 10000;

    public override void Read(long firstElement, Span<float> values)
    {
        var half = Width / 2;
        var step = (float)(Math.Log(Longest) / (half - 1));
        for (var i = 0; i < values.Length; i++)
        {
            var (row, channel) = Math.DivRem(firstElement + i, Width);
            var angle = (row + FirstRow) * MathF.Exp((channel % half) * -step);
            values[i] = channel < half ? MathF.Sin(angle) : MathF.Cos(angle);
        }
    }
}
