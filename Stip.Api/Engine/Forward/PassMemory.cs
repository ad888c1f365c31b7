using System.Text.Json;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>About how much memory passes take while they run. Attention takes the square of a length, and logits a
/// vocabulary for each row, which no limit of a body or of a context bounds well.</summary>
internal static class PassMemory
{
    // Scores of attention before and after the softmax, in float32.
    private const int BytesOfScore = 2 * sizeof(float);
    private const int HeadWidth = 64;
    private const int LeastHeads = 4;

    // A row of features, and the wider ones of the feed-forward network beside it.
    private const int RowsOfRow = 16;

    // The runtime's, and the copy that is answered with.
    private const int CopiesOfAnswer = 2;

    /// <summary>What one pass may take.</summary>
    public static long LimitBytes(EngineOptions options) =>
        options.ForwardMegabytes is > 0 and var given
            ? (long)given << 20
            : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4;

    /// <summary>An estimate for one sequence of so many rows, without its outputs.</summary>
    public static double Bytes(int rows, int hiddenSize) => RunBytes(new InputExtent(1, rows), hiddenSize);

    /// <summary>An estimate, of a transformer of this width with usual heads.</summary>
    /// <param name="graph">Names the axes.</param>
    /// <param name="inputs">Of the pass.</param>
    /// <param name="hiddenSize">Features of a row.</param>
    public static double Bytes(GraphManifest graph, ValidInputs inputs, int hiddenSize) =>
        RunBytes(Largest(graph, inputs, hiddenSize), hiddenSize)
        + (CopiesOfAnswer * AnswerBytes(graph, inputs, hiddenSize));

    /// <summary>An estimate of all outputs together. An axis whose name no input has is taken for what is left of the
    /// rows.</summary>
    /// <param name="graph">Names the axes.</param>
    /// <param name="inputs">Of the pass.</param>
    /// <param name="hiddenSize">Features of a row.</param>
    /// <param name="share">Of an output <c>[1, rows, width]</c>, whose other rows are left out.</param>
    public static double AnswerBytes(GraphManifest graph, ValidInputs inputs, int hiddenSize, double share = 1)
    {
        var (batch, length) = Largest(graph, inputs, hiddenSize);
        return graph.Outputs.Sum(output =>
        {
            var (fixedPart, named, isOpen) = (1.0, 1.0, false);
            foreach (var axis in output.Shape)
            {
                if (axis.ValueKind == JsonValueKind.Number && axis.TryGetInt64(out var given) && given > 0)
                {
                    fixedPart = fixedPart * given;
                }
                else if (inputs.Axes.TryGetValue(axis.ToString(), out var known))
                {
                    named = named * known;
                }
                else
                {
                    isOpen = true;
                }
            }

            _ = TensorDtypes.TryParseWire(output.Dtype, out var dtype);
            return fixedPart * (isOpen ? Math.Max(named, batch * length) : named) * dtype.ByteSize()
                * (output.Shape.Count == 3 && IsOfRows(output.Shape[1], inputs, length) ? share : 1);
        });
    }

    // A name that no input has is taken for the rows here too.
    private static bool IsOfRows(JsonElement axis, ValidInputs inputs, double length) =>
        axis.ValueKind == JsonValueKind.Number
            ? axis.TryGetInt64(out var given) && given == length
            : !inputs.Axes.TryGetValue(axis.ToString(), out var known) || known == length;

    // The input that costs most.
    private static InputExtent Largest(GraphManifest graph, ValidInputs inputs, int hiddenSize)
    {
        var lengths = InputExtent.LengthNames(graph);
        return graph.Inputs
            .Select(input => InputExtent.Of(input, inputs.Tensors[input.Name], lengths, Math.Max(1, hiddenSize)))
            .DefaultIfEmpty(new InputExtent(1, 1))
            .MaxBy(extent => RunBytes(extent, hiddenSize));
    }

    private static double RunBytes(InputExtent extent, int hiddenSize)
    {
        var (batch, length) = extent;
        var heads = Math.Max(LeastHeads, hiddenSize / HeadWidth);
        return batch * length * ((length * heads * BytesOfScore) + ((double)hiddenSize * sizeof(float) * RowsOfRow));
    }
}
