using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>Finds out whether passes may run together. A manifest does not say what a first axis is: where it is a
/// length (or rows are compared with one another), passes laid one behind the other are one sequence, and each would be
/// answered with what the other sent. So two that wait run both ways first, and are answered with what each gave alone.
/// </summary>
internal sealed class BatchTrial
{
    // Rows that look at others are off by about as much as they are; those that do not, by what sums are rounded where
    // kernels go by the number of rows: 2⁻²⁴ of float32 and 2⁻⁸ of bfloat16, many times.
    private const double Tolerance = 1e-3;
    private const double NarrowTolerance = 1e-2;

    // Two passes that say nearly the same would not show it.
    private const double LeastDifference = 10;
    private const int MostSkipped = 1 << 10;
    private int _skip;
    private int _nextSkip = 1;

    /// <summary>True where passes run together; null while it is not known.</summary>
    public bool? MayJoin { get; private set; }

    /// <summary>True where the next two are to be tried. After two that showed nothing, more and more go untried.
    /// </summary>
    public bool IsDue() => MayJoin is null && _skip-- <= 0;

    /// <summary>True where a pass got something else of the run of both than alone.</summary>
    /// <param name="together">What it got; null where an output has not one row a row.</param>
    /// <param name="alone">What it gave alone.</param>
    public static bool GivesOther(
        IReadOnlyDictionary<string, TensorPayload>? together, IReadOnlyDictionary<string, TensorPayload> alone) =>
        together is null || alone.Any(pair => !together[pair.Key].Shape.SequenceEqual(pair.Value.Shape)
            || !IsWithin(together[pair.Key], pair.Value, pair.Value.Data.Length, times: 1));

    /// <summary>Learns from two passes.</summary>
    /// <param name="isOther">Whether either got something else together.</param>
    /// <param name="first">What the first got of the run of both.</param>
    /// <param name="second">What the second got.</param>
    public void Learn(
        bool isOther,
        IReadOnlyDictionary<string, TensorPayload>? first,
        IReadOnlyDictionary<string, TensorPayload>? second)
    {
        if (isOther || first is null || second is null)
        {
            MayJoin = false;
        }
        else if (first.Any(pair => IsTelling(pair.Value, first.Values) && ShowsMore(pair.Value, second[pair.Key])))
        {
            MayJoin = true;
        }
        else
        {
            (_skip, _nextSkip) = (_nextSkip, Math.Min(MostSkipped, 2 * _nextSkip));
        }
    }

    // Whole numbers beside floats may be lengths, which differ without a word of the rest.
    private static bool IsTelling(TensorPayload output, IEnumerable<TensorPayload> all) =>
        Dtype(output).IsWireFloat() || !all.Any(each => Dtype(each).IsWireFloat());

    // First rows are compared: passes may have other numbers of them.
    private static bool ShowsMore(TensorPayload one, TensorPayload other) =>
        one.Data.Length > 0
        && !IsWithin(one, other, one.Data.Length / (int)one.Shape[0], LeastDifference);

    private static bool IsWithin(TensorPayload one, TensorPayload other, int bytes, double times)
    {
        var dtype = Dtype(one);
        if (!dtype.IsWireFloat())
        {
            return one.Data.Span[..bytes].SequenceEqual(other.Data.Span[..bytes]);
        }

        var (a, b) = (Floats(one, dtype, bytes), Floats(other, dtype, bytes));
        var (difference, scale) = (0.0, 0.0);
        for (var i = 0; i < a.Length; i++)
        {
            // Equal infinities are no difference, and neither are two that are no number.
            difference += a[i].Equals(b[i]) ? 0 : Math.Abs((double)a[i] - b[i]);
            scale += float.IsFinite(b[i]) ? Math.Abs(b[i]) : 0;
        }

        return difference <= times * (dtype == TensorDtype.Float32 ? Tolerance : NarrowTolerance) * scale;
    }

    private static float[] Floats(TensorPayload tensor, TensorDtype dtype, int bytes)
    {
        var floats = new float[bytes / dtype.ByteSize()];
        TensorConversion.ToFloat32(dtype, tensor.Data.Span[..bytes], floats);
        return floats;
    }

    private static TensorDtype Dtype(TensorPayload tensor) =>
        TensorDtypes.TryParseWire(tensor.Dtype, out var dtype) ? dtype : TensorDtype.UInt8;
}
