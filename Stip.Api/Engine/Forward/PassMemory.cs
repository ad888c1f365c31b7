using Microsoft.Extensions.Options;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>About how much memory passes take while they run. Attention takes the square of a length, which no limit of
/// a body or of a context bounds well.</summary>
internal static class PassMemory
{
    // Scores of attention before and after the softmax, in float32.
    private const int BytesOfScore = 2 * sizeof(float);
    private const int HeadWidth = 64;
    private const int LeastHeads = 4;

    // A row of features, and the wider ones of the feed-forward network beside it.
    private const int RowsOfRow = 16;

    /// <summary>What one pass may take.</summary>
    public static long LimitBytes(IOptions<EngineOptions> options) =>
        options.Value.ForwardMegabytes is > 0 and var given
            ? (long)given << 20
            : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4;

    /// <summary>An estimate, of a transformer of this width with usual heads.</summary>
    /// <param name="graph">Tells which axis is a batch.</param>
    /// <param name="inputs">Of the pass.</param>
    /// <param name="hiddenSize">Features of a row.</param>
    public static decimal Bytes(GraphManifest graph, ValidInputs inputs, int hiddenSize)
    {
        decimal batch = BatchAxis.Of(graph) ? BatchAxis.Rows(inputs) : 1;
        var width = Math.Max(1, hiddenSize);
        var rows = inputs.Tensors.Values.Select(tensor => Rows(tensor, width)).DefaultIfEmpty(1).Max();
        var length = Math.Max(1, rows / batch);
        var heads = Math.Max(LeastHeads, hiddenSize / HeadWidth);
        return batch * length * ((length * heads * BytesOfScore) + ((decimal)hiddenSize * sizeof(float) * RowsOfRow));
    }

    // Numbers of features or pixels by the width of a row; ids are a row each.
    private static decimal Rows(TensorPayload tensor, int hiddenSize)
    {
        _ = TensorDtypes.TryParseWire(tensor.Dtype, out var dtype);
        decimal numbers = tensor.Data.Length / dtype.ByteSize();
        return dtype.IsWireFloat() ? Math.Ceiling(numbers / hiddenSize) : numbers;
    }
}
