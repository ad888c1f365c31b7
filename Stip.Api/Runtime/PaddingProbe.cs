using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>Tries whether a decoder leaves out what the mask of its source leaves out: a graph may have such a mask and
/// count the rows all the same.</summary>
internal static class PaddingProbe
{
    private const int Rows = 5;
    private const int Seed = 7;

    /// <summary>A row of the source that counts moves logits by about as much as they are; one that does not, by what
    /// sums of another length are rounded: 2⁻²⁴ of float32 and 2⁻¹¹ of float16, some hundred times.</summary>
    private const float NarrowTolerance = 0.05f;
    private const float Tolerance = 1e-4f;

    /// <summary>True where logits are the same with and without rows that are masked out.</summary>
    /// <param name="run">Runs the decoder's later steps with a mask, states and what is kept of them.</param>
    /// <param name="decoder">What it is.</param>
    public static bool LeavesOut(
        Func<OrtValue, OrtValue, IReadOnlyList<OrtValue>, float[]> run, DecoderSnapshot decoder)
    {
        try
        {
            var (alone, padded) = (Run(run, decoder, Rows), Run(run, decoder, SourcePadding.Rows(Rows)));
            var scale = alone.Max(MathF.Abs);
            var tolerance = decoder.CacheDtype == TensorDtype.Float32 ? Tolerance : NarrowTolerance;
            return alone.Length == padded.Length
                && alone.Zip(padded).All(pair => MathF.Abs(pair.First - pair.Second) <= tolerance * scale);
        }
        catch (OnnxRuntimeException)
        {
            // A graph that does not take such a source at all.
            return false;
        }
    }

    private static float[] Run(
        Func<OrtValue, OrtValue, IReadOnlyList<OrtValue>, float[]> run, DecoderSnapshot decoder, int rows)
    {
        var values = new List<OrtValue>();
        try
        {
            values.Add(SourcePadding.Mask(Rows, rows));
            values.Add(Drawn(decoder.RowsDtype, [1, rows, decoder.Sequence!.StatesWidth(decoder)], 1));
            values.AddRange(decoder.Sequence!.Cross.Select(tensor => Drawn(
                decoder.CacheDtype, tensor.Shape(1, rows), tensor.Blocks * tensor.Runs)));
            return run(values[0], values[1], values[2..]);
        }
        finally
        {
            values.ForEach(value => value.Dispose());
        }
    }

    // The same numbers for the first rows of each run, however many there are.
    private static OrtValue Drawn(TensorDtype dtype, long[] shape, int runs)
    {
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, dtype.ToOrt(), shape);
        var bytes = value.GetTensorMutableRawData();
        var perRun = bytes.Length / runs;
        for (var run = 0; run < runs; run++)
        {
            var random = new Random(Seed + run);
            var numbers = Enumerable.Range(0, perRun / dtype.ByteSize()).Select(_ => random.NextSingle() * 2 - 1);
            TensorConversion.FromFloat32([.. numbers], dtype, bytes.Slice(run * perRun, perRun));
        }

        return value;
    }
}
