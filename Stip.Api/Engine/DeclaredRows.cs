using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>What a request says of a tensor of rows, judged before its numbers are read.</summary>
/// <param name="Field">Its name in the request.</param>
/// <param name="Dtype">Type of its numbers as they come.</param>
/// <param name="Count">Number of rows.</param>
/// <param name="Width">Numbers of a row.</param>
internal readonly record struct DeclaredRows(string Field, TensorDtype Dtype, int Count, int Width)
{
    // Of one tensor in its widest type; what is beyond comes in several steps, or is no source at all.
    private const int MostBytes = 1 << 30;

    public int DataBytes => Count * Width * Dtype.ByteSize();

    /// <summary>Judges type and shape.</summary>
    /// <param name="field">Name in the request.</param>
    /// <param name="rows">What the request says.</param>
    /// <param name="width">What the model takes.</param>
    /// <param name="most">Most rows that make sense.</param>
    /// <param name="tooMany">What so many rows, more than so many, are refused with.</param>
    public static Outcome<DeclaredRows> Judge(
        string field, TensorPayload? rows, int width, int most, Func<long, int, Refusal> tooMany)
    {
        if (rows?.Shape is not { } shape)
        {
            return new Refusal(
                StipErrorCode.InvalidRequest, $"{field} with dtype, shape and data is required", field);
        }

        if (!TensorDtypes.TryParseWire(rows.Dtype, out var dtype) || !dtype.IsWireFloat())
        {
            return new Refusal(
                StipErrorCode.UnsupportedDtype,
                $"dtype '{Quoted.Text(rows.Dtype)}' is not float32, float16 or bfloat16",
                $"{field}.dtype");
        }

        if (shape.Count != 2 || shape[1] != width || shape[0] < 1)
        {
            return new Refusal(
                StipErrorCode.ShapeMismatch,
                $"{field} has shape [{string.Join(", ", shape.Take(8))}], the model takes [n, {width}], n ≥ 1",
                $"{field}.shape");
        }

        most = Math.Min(most, MostBytes / sizeof(float) / width);
        return shape[0] <= most ? new DeclaredRows(field, dtype, (int)shape[0], width) : tooMany(shape[0], most);
    }

    /// <summary>Converts the numbers to the graph's type and refuses what is not finite there.</summary>
    /// <param name="data">As they came.</param>
    /// <param name="graphDtype">The graph's type.</param>
    /// <param name="rows">Rented; none where they are refused.</param>
    public Refusal? Convert(ReadOnlySpan<byte> data, TensorDtype graphDtype, out TensorRoom rows)
    {
        rows = default;
        if (data.Length != DataBytes)
        {
            return new Refusal(
                StipErrorCode.ShapeMismatch,
                $"{Field} has {data.Length} bytes of data, its shape asks for {DataBytes}", Field);
        }

        rows = TensorRoom.Rent(GraphBytes(graphDtype));
        TensorConversion.Convert(Dtype, data, graphDtype, rows.Span);
        if (AreNumbers(graphDtype, rows.Span))
        {
            return null;
        }

        rows.Return();
        rows = default;
        return NotFinite(graphDtype);
    }

    /// <summary>Judges rows that have come and were converted.</summary>
    /// <param name="filled">Bytes in the graph's type.</param>
    /// <param name="cut">Bytes of an element that has not come as a whole.</param>
    /// <param name="graphDtype">The graph's type.</param>
    /// <param name="rows">What was filled.</param>
    public Refusal? Judge(int filled, int cut, TensorDtype graphDtype, ReadOnlySpan<byte> rows)
    {
        if (filled != GraphBytes(graphDtype) || cut > 0)
        {
            return new Refusal(
                StipErrorCode.ShapeMismatch,
                $"{Field} has {filled / graphDtype.ByteSize() * Dtype.ByteSize() + cut} bytes of data, its shape asks "
                    + $"for {DataBytes}", Field);
        }

        return AreNumbers(graphDtype, rows[..filled]) ? null : NotFinite(graphDtype);
    }

    /// <summary>Their size in the graph's type.</summary>
    public int GraphBytes(TensorDtype graphDtype) => Count * Width * graphDtype.ByteSize();

    // Whole numbers always are.
    private static bool AreNumbers(TensorDtype dtype, ReadOnlySpan<byte> data) =>
        !dtype.IsWireFloat() || TensorConversion.AllFinite(dtype, data);

    private Refusal NotFinite(TensorDtype graphDtype) => new(
        StipErrorCode.NonFiniteInput,
        $"{Field} holds a NaN, an infinity or a value beyond {graphDtype.WireName()}, the model's own type", Field);
}
