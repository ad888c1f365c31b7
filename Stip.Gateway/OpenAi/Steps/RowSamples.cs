using System.Runtime.InteropServices;
using Stip.Client.Bundles;
using Stip.Client.Embedding;
using Stip.Client.Generation;
using Stip.Gateway.OpenAi.Answers;
using Stip.Protocol.Tensors;

namespace Stip.Gateway.OpenAi.Steps;

/// <summary>Takes samples of rows that were sent, beside the true ones where those are known.</summary>
internal sealed class RowSamples(Bundle bundle, PlainRows? plain)
{
    private const int MostNumbers = 256;
    private const int Largest = 999;

    private readonly TokenNames _names = new(bundle.Tokenizer);

    /// <summary>The last rows of a request.</summary>
    public IEnumerable<SentRow> Of(SentStep step, int most)
    {
        var rowBytes = bundle.RowBytes;
        var count = step.TokenIds.Length;
        for (var i = Math.Max(0, count - most); i < count; i++)
        {
            var id = step.TokenIds.Span[i];
            var sent = step.Rows.Slice(i * rowBytes, rowBytes);
            var truth = plain?.Find(id, step.FirstPosition + i, sent.Span);
            var wide = Wide(sent.Span);
            yield return new SentRow(
                _names.Text(id),
                Numbers(wide.AsSpan(0, Math.Min(wide.Length, MostNumbers)), wide),
                truth is null ? null : Numbers(TheSame(wide, Wide(truth)), wide));
        }
    }

    /// <summary>The numbers of a true row that are the first ones of the row that was sent, in the true row's order.
    /// </summary>
    /// <param name="sent">Row that was sent, [hidden].</param>
    /// <param name="truth">The same numbers in another order, [hidden].</param>
    internal static float[] TheSame(ReadOnlySpan<float> sent, ReadOnlySpan<float> truth)
    {
        var (sentColumns, trueColumns) = (ByValue(sent), ByValue(truth));
        var columns = Enumerable.Range(0, sentColumns.Length)
            .Where(rank => sentColumns[rank] < MostNumbers).Select(rank => trueColumns[rank]).Order().ToArray();
        var numbers = new float[columns.Length];
        for (var i = 0; i < columns.Length; i++)
        {
            numbers[i] = truth[columns[i]];
        }

        return numbers;
    }

    // Columns, those of the smallest number first; of equal ones in their order, so that samples of several rows
    // differ as little as can be.
    private static int[] ByValue(ReadOnlySpan<float> row)
    {
        var values = row.ToArray();
        return [.. Enumerable.Range(0, values.Length).OrderBy(column => values[column])];
    }

    private float[] Wide(ReadOnlySpan<byte> row)
    {
        var wide = new float[bundle.Manifest.HiddenSize]; // [hidden]
        TensorConversion.Convert(
            bundle.WireDtype, row, TensorDtype.Float32, MemoryMarshal.AsBytes(wide.AsSpan()));
        return wide;
    }

    private static int[] Numbers(ReadOnlySpan<float> sample, float[] row)
    {
        var largest = Math.Max(row.Max(Math.Abs), float.Epsilon);
        var numbers = new int[sample.Length];
        for (var i = 0; i < sample.Length; i++)
        {
            numbers[i] = (int)MathF.Round(sample[i] / largest * Largest);
        }

        return numbers;
    }
}
