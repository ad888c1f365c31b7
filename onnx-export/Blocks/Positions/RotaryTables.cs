using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Positions;

/// <summary>Cosines and sines of every position, <c>[max_len, turned / 2]</c>, shared by layers.</summary>
/// <param name="Cosines">Name of the cosines in the graph.</param>
/// <param name="Sines">Name of the sines in the graph.</param>
/// <param name="Positions">Rows of the tables that a step's positions read; empty where the attention kernel turns the
/// heads itself.</param>
/// <param name="IsInterleaved">True where pairs are neighbours, false where they lie half a head apart.</param>
internal sealed record RotaryTables(string Cosines, string Sines, string Positions, bool IsInterleaved)
{
    private const int RowsAtOnce = 1024;

    /// <summary>Channels of a head, the first ones, that turn.</summary>
    public required int Turned { get; init; }

    /// <summary>True where rotary embedding is a node of its own.</summary>
    public bool IsLookedUp => Positions.Length > 0;

    /// <summary>Computes the tables in the way transformers does: angles in float32.</summary>
    /// <param name="decoder">The graph.</param>
    /// <param name="frequencies">How fast pairs turn.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="isInterleaved">True where pairs are neighbours.</param>
    /// <param name="name">Name in the graph, for models with several tables.</param>
    public static RotaryTables Append(
        DecoderGraph decoder,
        RotaryFrequencies frequencies,
        DecoderShape shape,
        bool isInterleaved = false,
        string name = "rotary")
    {
        // A graph that never gets beyond the border needs one set of angles.
        var rows = decoder.ContextLength;
        var isSwitched = frequencies.LongInverse is not null && rows > frequencies.LongFrom;
        frequencies = isSwitched ? frequencies : frequencies with { LongInverse = null };
        var positions = isSwitched ? SwitchedPositions(decoder, frequencies.LongFrom, rows)
            : shape.Heads.FusesRotary && !decoder.NeedsPositions ? ""
            : DecoderPorts.Positions;
        return new RotaryTables(
            decoder.Graph.AddWeight($"{name}.cos", Table(decoder, frequencies, rows, Math.Cos)),
            decoder.Graph.AddWeight($"{name}.sin", Table(decoder, frequencies, rows, Math.Sin)),
            positions,
            isInterleaved)
        {
            Turned = 2 * frequencies.Inverse.Length,
        };
    }

    /// <summary>The same for an encoder, whose rows stand at 0, 1, 2 and so on.</summary>
    public static RotaryTables Append(
        EncoderGraph encoder,
        RotaryFrequencies frequencies,
        int rows,
        bool isInterleaved = false,
        string name = "rotary")
    {
        const string First = "rotary.first";
        var graph = encoder.Graph;
        return new RotaryTables(
            graph.AddWeight($"{name}.cos", Table(encoder, frequencies, rows, Math.Cos)),
            graph.AddWeight($"{name}.sin", Table(encoder, frequencies, rows, Math.Sin)),
            graph.Shared(First, 0),
            isInterleaved)
        {
            Turned = 2 * frequencies.Inverse.Length,
        };
    }

    /// <summary>Appends the turn of some heads.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="name">Name of the node.</param>
    /// <param name="rows">Rows <c>[batch, seq, heads·channels]</c>.</param>
    /// <param name="heads">How many heads they hold.</param>
    /// <param name="turned">Channels of each that turn, those before the others; 0 for all.</param>
    /// <returns>Name of the turned rows.</returns>
    public string Turn(GraphBuilder graph, string name, string rows, int heads, int turned = 0) => graph.AddMicrosoft(
        "RotaryEmbedding",
        name,
        [rows, Positions, Cosines, Sines],
        [$"{name}/output"],
        NodeAttribute.Int("num_heads", heads),
        NodeAttribute.Int("rotary_embedding_dim", turned),
        NodeAttribute.Int("interleaved", IsInterleaved ? 1 : 0))[0];

    // The rows for long sequences follow those for short ones: how long the sequence is says which half is read.
    private static string SwitchedPositions(DecoderGraph decoder, int longFrom, int contextLength)
    {
        const int int64 = (int)TensorProto.Types.DataType.Int64;
        var graph = decoder.Graph;
        var total = graph.Add("Cast", "rotary/total", [DecoderPorts.TotalLength], NodeAttribute.Int("to", int64));
        var isLong = graph.Add("Greater", "rotary/is_long", [total, graph.AddConstant("rotary.long_from", longFrom)]);
        var half = graph.Add("Cast", "rotary/half", [isLong], NodeAttribute.Int("to", int64));
        var skipped = graph.Add("Mul", "rotary/skipped", [half, graph.AddConstant("rotary.rows", contextLength)]);
        return graph.Add("Add", "rotary/positions", [DecoderPorts.Positions, skipped]);
    }

    private static Weight Table(
        ModelGraph model, RotaryFrequencies frequencies, int rows, Func<double, double> function)
    {
        var width = frequencies.Inverse.Length;
        float[][] sets = frequencies.LongInverse is { } longer
            ? [frequencies.Inverse, longer]
            : [frequencies.Inverse];
        ComputedTable.Check((long)sets.Length * rows, width);
        var dtype = model.Weights.Dtype;
        return new Weight(dtype, [sets.Length * rows, width], stream =>
        {
            var values = new float[RowsAtOnce * width]; // [rows, turned / 2]
            var bytes = new byte[values.Length * dtype.ByteSize()];
            foreach (var inverse in sets)
            {
                for (var first = 0; first < rows; first += RowsAtOnce)
                {
                    var count = Math.Min(RowsAtOnce, rows - first) * width;
                    Fill(values.AsSpan(0, count), inverse, first, frequencies.Magnitude, function);
                    TensorConversion.FromFloat32(values.AsSpan(0, count), dtype, bytes);
                    stream.Write(bytes, 0, count * dtype.ByteSize());
                }
            }
        });
    }

    private static void Fill(
        Span<float> values, float[] inverse, int firstPosition, double magnitude, Func<double, double> function)
    {
        for (var cell = 0; cell < values.Length; cell++)
        {
            var (row, pair) = Math.DivRem(cell, inverse.Length);
            var angle = (firstPosition + row) * inverse[pair];
            values[cell] = (float)(function(angle) * magnitude);
        }
    }
}
