using System.Numerics;
using Microsoft.ML.OnnxRuntime;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>Makes what is kept of a source as long as that of others of about its length, so that their sessions run
/// together.</summary>
/// <remarks>How long depends on the source alone and never on who else is there: alone and among others a step has the
/// same shapes and gives the same bits.</remarks>
internal static class SourcePadding
{
    private const int Least = 16;
    private const int MostDoubled = 256;
    private const int StepsADoubling = 4;

    /// <summary>The length that a source of so many rows gets. Sentences are doubled, for what they take is little
    /// beside a step's weights; longer texts get at most half as much again.</summary>
    public static int Rows(int rows)
    {
        var power = (int)BitOperations.RoundUpToPowerOf2((uint)rows);
        var step = power / StepsADoubling;
        return power <= MostDoubled ? Math.Max(Least, power) : (rows + step - 1) / step * step;
    }

    /// <summary>A mask over rows that count and rows behind them that do not, int64 <c>[1, all]</c>.</summary>
    public static OrtValue Mask(int rows, int all)
    {
        var mask = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, TensorDtype.Int64.ToOrt(), [1, all]);
        var data = mask.GetTensorMutableDataAsSpan<long>();
        data[..rows].Fill(1);
        data[rows..].Clear();
        return mask;
    }

    /// <summary>A copy with zeros behind each run of rows.</summary>
    /// <param name="value">Runs of rows, one behind another.</param>
    /// <param name="runs">How many.</param>
    /// <param name="shape">Of the copy.</param>
    public static OrtValue Lengthened(OrtValue value, int runs, long[] shape)
    {
        var longer = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, value.GetTensorTypeAndShape().ElementDataType, shape);
        var from = value.GetTensorMutableRawData();
        var to = longer.GetTensorMutableRawData();
        var (fromBytes, toBytes) = (from.Length / runs, to.Length / runs);
        for (var run = 0; run < runs; run++)
        {
            var target = to.Slice(run * toBytes, toBytes);
            from.Slice(run * fromBytes, fromBytes).CopyTo(target);
            target[fromBytes..].Clear();
        }

        return longer;
    }
}
