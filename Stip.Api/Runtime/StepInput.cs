using System.Runtime.InteropServices;
using System.Text.Json;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>An input that is made anew for each step, of its lengths.</summary>
/// <param name="said">What it holds, judged.</param>
/// <param name="dtype">Its type.</param>
internal sealed class StepInput(StepInputManifest said, TensorDtype dtype)
{
    private readonly string[] _axes = [.. said.Axes.Select(axis => axis.ToString())];

    private readonly long[] _fixed =
        [.. said.Axes.Select(axis => axis.ValueKind == JsonValueKind.Number ? axis.GetInt64() : 0)];

    private readonly int _rowAxis = Find(said, StepInputManifest.Rows);
    private readonly int _totalAxis = Find(said, StepInputManifest.Total);

    public string Name => said.Name;

    /// <summary>Adds the tensor of a step.</summary>
    /// <param name="tensors">Those of the step.</param>
    /// <param name="slots">Sequences, all of one length.</param>
    /// <param name="cachedTokens">That length.</param>
    /// <param name="rowCount">New rows of each.</param>
    public void Fill(ReusedTensors tensors, int slots, int cachedTokens, int rowCount)
    {
        long[] shape =
        [
            .. _axes.Select((axis, place) => axis switch
            {
                CacheTensorManifest.Batch => slots,
                CacheTensorManifest.Length => cachedTokens,
                StepInputManifest.Rows => rowCount,
                StepInputManifest.Total => cachedTokens + rowCount,
                _ => _fixed[place],
            }),
        ];
        var target = tensors.Add(dtype, shape);
        var (rows, keys) = (Along(shape, _rowAxis), Along(shape, _totalAxis));
        var count = target.Length / dtype.ByteSize();
        for (var cell = 0; cell < count; cell++)
        {
            var row = _rowAxis < 0 ? 0 : (int)(cell / rows.Stride % rows.Length);
            var last = cachedTokens + (_rowAxis < 0 ? rowCount - 1 : row);
            Put(target, cell, said.Value switch
            {
                StepInputManifest.Past => cachedTokens,
                StepInputManifest.Rows => rowCount,
                StepInputManifest.Total => cachedTokens + rowCount,
                StepInputManifest.Last => cachedTokens + rowCount - 1,
                StepInputManifest.Positions => cachedTokens + row,
                _ => Seen(_totalAxis < 0 || cell / keys.Stride % keys.Length <= last),
            });
        }
    }

    private double Seen(bool isSeen) => said.Value switch
    {
        StepInputManifest.Mask => isSeen ? 1 : 0,
        StepInputManifest.Blocked => isSeen ? 0 : 1,
        _ => isSeen ? 0 : double.NegativeInfinity,
    };

    private void Put(Span<byte> target, int cell, double number)
    {
        switch (dtype)
        {
            case TensorDtype.Bool:
                target[cell] = number == 0 ? (byte)0 : (byte)1;
                break;
            case TensorDtype.Int64:
                MemoryMarshal.Cast<byte, long>(target)[cell] = (long)number;
                break;
            case TensorDtype.Int32:
                MemoryMarshal.Cast<byte, int>(target)[cell] = (int)number;
                break;
            case TensorDtype.Float64:
                MemoryMarshal.Cast<byte, double>(target)[cell] = Math.Max(number, double.MinValue);
                break;
            case TensorDtype.Float32:
                MemoryMarshal.Cast<byte, float>(target)[cell] = (float)Math.Max(number, float.MinValue);
                break;
            case TensorDtype.Float16:
                MemoryMarshal.Cast<byte, Half>(target)[cell] = (Half)Math.Max(number, (double)Half.MinValue);
                break;
            default:
                // The upper half of a float, whose lowest number is that of a float cut off.
                MemoryMarshal.Cast<byte, ushort>(target)[cell] =
                    (ushort)(BitConverter.SingleToUInt32Bits((float)Math.Max(number, float.MinValue)) >> 16);
                break;
        }
    }

    private static (long Stride, long Length) Along(long[] shape, int axis) => axis < 0
        ? (1, 1)
        : (shape.Skip(axis + 1).Aggregate(1L, (product, length) => product * length), shape[axis]);

    private static int Find(StepInputManifest said, string word) =>
        said.Axes.ToList().FindIndex(axis => axis.ValueKind == JsonValueKind.String && axis.ValueEquals(word));
}
