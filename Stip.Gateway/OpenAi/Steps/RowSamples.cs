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
            yield return new SentRow(_names.Text(id), Numbers(sent.Span), truth is null ? null : Numbers(truth));
        }
    }

    private int[] Numbers(ReadOnlySpan<byte> row)
    {
        var wide = new float[bundle.Manifest.HiddenSize]; // [hidden]
        TensorConversion.Convert(
            bundle.WireDtype, row, TensorDtype.Float32, MemoryMarshal.AsBytes(wide.AsSpan()));
        var largest = Math.Max(wide.Max(Math.Abs), float.Epsilon);
        return [.. wide.Take(MostNumbers).Select(number => (int)MathF.Round(number / largest * Largest))];
    }
}
