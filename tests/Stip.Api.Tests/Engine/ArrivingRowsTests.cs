using Stip.Api.Engine;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Engine;

/// <summary>Rows that come in pieces are those that come at once.</summary>
public sealed class ArrivingRowsTests
{
    private const int Width = 6;
    private const int Count = 5;

    [Theory]
    [InlineData(TensorDtype.Float32, TensorDtype.Float32)]
    [InlineData(TensorDtype.Float16, TensorDtype.Float32)]
    [InlineData(TensorDtype.BFloat16, TensorDtype.Float32)]
    [InlineData(TensorDtype.Float32, TensorDtype.Float16)]
    [InlineData(TensorDtype.BFloat16, TensorDtype.Float16)]
    public void Rows_InPiecesOfAnyLength_AreThoseThatComeAtOnce(TensorDtype from, TensorDtype to)
    {
        var declared = new DeclaredRows("prompt_embeds", from, Count, Width);
        var data = Data(from, 1);
        Assert.Null(declared.Convert(data, to, out var expected));
        var random = new Random(3);
        for (var turn = 0; turn < 50; turn++)
        {
            using var rows = new ArrivingRows(declared, to);
            for (var at = 0; at < data.Length;)
            {
                var piece = Math.Min(random.Next(0, 8), data.Length - at);
                rows.Append(data.AsSpan(at, piece));
                at += piece;
            }

            Assert.Null(rows.Take(out var taken));
            Assert.Equal(expected.Span.ToArray(), taken.Span.ToArray());
            taken.Return();
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Rows_ThatDoNotComeAsAWhole_AreRefused(int missing)
    {
        using var rows = new ArrivingRows(
            new DeclaredRows("prompt_embeds", TensorDtype.Float32, Count, Width), TensorDtype.Float32);
        rows.Append(Data(TensorDtype.Float32, 1).AsSpan()[..^missing]);
        Assert.Equal(StipErrorCode.ShapeMismatch, rows.Take(out _)?.Code);
    }

    [Fact]
    public void Rows_ThatAreNotNumbers_AreRefused()
    {
        using var rows = new ArrivingRows(
            new DeclaredRows("prompt_embeds", TensorDtype.Float32, Count, Width), TensorDtype.Float32);
        rows.Append(Data(TensorDtype.Float32, float.NaN));
        Assert.Equal(StipErrorCode.NonFiniteInput, rows.Take(out _)?.Code);
    }

    private static byte[] Data(TensorDtype dtype, float first)
    {
        var values = Enumerable.Range(0, Count * Width).Select(i => i == 0 ? first : i / 7f).ToArray();
        var data = new byte[values.Length * dtype.ByteSize()];
        TensorConversion.FromFloat32(values, dtype, data);
        return data;
    }
}
