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

    /// <summary>The usual mask, <c>[batch, total]</c> of ones.</summary>
    public static StepInput Mask(string name, TensorDtype dtype) =>
        new(Usual(name, StepInputManifest.Mask, StepInputManifest.Total), dtype);

    /// <summary>The usual positions, <c>[batch, rows]</c>.</summary>
    public static StepInput Positions(string name, TensorDtype dtype) =>
        new(Usual(name, StepInputManifest.Positions, StepInputManifest.Rows), dtype);

    /// <summary>What it takes in a step.</summary>
    public long Bytes(int slots, int cachedTokens, int rowCount) => Shape(slots, cachedTokens, rowCount)
        .Aggregate((long)dtype.ByteSize(), (product, length) => product * length);

    /// <summary>Adds the tensor of a step.</summary>
    /// <param name="tensors">Those of the step.</param>
    /// <param name="slots">Sequences, all of one length.</param>
    /// <param name="cachedTokens">That length.</param>
    /// <param name="rowCount">New rows of each.</param>
    public void Fill(ReusedTensors tensors, int slots, int cachedTokens, int rowCount)
    {
        var shape = Shape(slots, cachedTokens, rowCount);
        var target = tensors.Add(dtype, shape);
        switch (said.Value)
        {
            case StepInputManifest.Past:
                Put(target, cachedTokens);
                break;
            case StepInputManifest.Rows:
                Put(target, rowCount);
                break;
            case StepInputManifest.Total:
                Put(target, cachedTokens + rowCount);
                break;
            case StepInputManifest.Last:
                Put(target, cachedTokens + rowCount - 1);
                break;
            case StepInputManifest.Positions when _rowAxis < 0:
                Put(target, cachedTokens);
                break;
            case StepInputManifest.Positions:
                Count(target, shape, cachedTokens, rowCount);
                break;
            default:
                Put(target, Seen(true));
                Hide(target, shape, cachedTokens, rowCount);
                break;
        }
    }

    private long[] Shape(int slots, int cachedTokens, int rowCount) =>
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

    private void Count(Span<byte> target, long[] shape, int cachedTokens, int rowCount)
    {
        var bytes = BytesBehind(shape, _rowAxis);
        for (var run = 0; !target.IsEmpty; run++)
        {
            Put(target[..bytes], cachedTokens + run % rowCount);
            target = target[bytes..];
        }
    }

    // What a row does not see lies together: tokens behind it, or, where tokens stand before rows, rows before it.
    private void Hide(Span<byte> target, long[] shape, int cachedTokens, int rowCount)
    {
        if (_rowAxis < 0 || _totalAxis < 0 || rowCount == 1)
        {
            return;
        }

        var (total, rowsFirst) = (cachedTokens + rowCount, _rowAxis < _totalAxis);
        var inner = BytesBehind(shape, Math.Max(_rowAxis, _totalAxis));
        var (count, most) = rowsFirst ? (total, rowCount) : (rowCount, total);
        var between = BytesBehind(shape, Math.Min(_rowAxis, _totalAxis)) / (count * inner);
        for (var run = 0; !target.IsEmpty; run++)
        {
            var cells = target[..(count * inner)];
            target = target[cells.Length..];
            var outer = run / between % most;
            Put(
                rowsFirst
                    ? cells[((cachedTokens + outer + 1) * inner)..]
                    : cells[..(Math.Max(0, outer - cachedTokens) * inner)],
                Seen(false));
        }
    }

    private double Seen(bool isSeen) => said.Value switch
    {
        StepInputManifest.Mask => isSeen ? 1 : 0,
        StepInputManifest.Blocked => isSeen ? 0 : 1,
        _ => isSeen ? 0 : double.NegativeInfinity,
    };

    private void Put(Span<byte> cells, double number)
    {
        switch (dtype)
        {
            case TensorDtype.Bool:
                cells.Fill(number == 0 ? (byte)0 : (byte)1);
                break;
            case TensorDtype.Int64:
                MemoryMarshal.Cast<byte, long>(cells).Fill((long)number);
                break;
            case TensorDtype.Int32:
                MemoryMarshal.Cast<byte, int>(cells).Fill((int)number);
                break;
            case TensorDtype.Float64:
                MemoryMarshal.Cast<byte, double>(cells).Fill(Math.Max(number, double.MinValue));
                break;
            case TensorDtype.Float32:
                MemoryMarshal.Cast<byte, float>(cells).Fill((float)Math.Max(number, float.MinValue));
                break;
            case TensorDtype.Float16:
                MemoryMarshal.Cast<byte, Half>(cells).Fill((Half)Math.Max(number, (double)Half.MinValue));
                break;
            default:
                // The upper half of a float, whose lowest number is that of a float cut off.
                MemoryMarshal.Cast<byte, ushort>(cells).Fill(
                    (ushort)(BitConverter.SingleToUInt32Bits((float)Math.Max(number, float.MinValue)) >> 16));
                break;
        }
    }

    private int BytesBehind(long[] shape, int axis) =>
        (int)shape.Skip(axis + 1).Aggregate((long)dtype.ByteSize(), (product, length) => product * length);

    private static StepInputManifest Usual(string name, string value, string axis) => new(
        name, value,
        [JsonSerializer.SerializeToElement(CacheTensorManifest.Batch), JsonSerializer.SerializeToElement(axis)]);

    private static int Find(StepInputManifest said, string word) =>
        said.Axes.ToList().FindIndex(axis => axis.ValueKind == JsonValueKind.String && axis.ValueEquals(word));
}
