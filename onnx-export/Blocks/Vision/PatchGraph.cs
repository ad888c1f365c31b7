using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.Vision;

/// <summary>
/// The client's part of a vision model: patches of an image times one matrix, tokens before them, and what each
/// position adds. It computes in float32 always, since it runs on the client.
/// </summary>
/// <param name="tensors">Tensors of the checkpoint.</param>
/// <param name="hiddenSize">Width of a row.</param>
/// <param name="sizes">How images are cut.</param>
/// <param name="tokens">What stands before the patches (class token, registers), of whole rows.</param>
internal sealed class PatchGraph(
    ITensorStore tensors, int hiddenSize, PatchSizes sizes, IReadOnlyList<CheckpointTensor> tokens)
    : ModelGraph("embedding", tensors, TensorDtype.Float32, hiddenSize)
{
    private readonly int _tokens = (int)(tokens.Sum(token => token.ElementCount) / hiddenSize);

    /// <summary>What stands after the patches, of whole rows; each has a position where patches have.</summary>
    public IReadOnlyList<CheckpointTensor> After { get; init; } = [];

    /// <inheritdoc/>
    public override string Embeds => EncoderPorts.Embeds;

    /// <summary>How images are cut.</summary>
    public PatchSizes Sizes => sizes;

    /// <summary>Rows of an image: tokens and patches.</summary>
    public int Rows => sizes.Count + _tokens + RowsAfter;

    /// <summary>True where the checkpoint has the projection as a matrix over whole patches, their colours behind their
    /// places.</summary>
    public bool IsStoredFlat { get; init; }

    /// <summary>True where a spectrogram comes in, whose patches may overlap.</summary>
    public bool HearsSound { get; init; }

    private int RowsAfter => (int)(After.Sum(token => token.ElementCount) / HiddenSize);

    /// <summary>Appends everything.</summary>
    /// <param name="projection">The convolution <c>[hidden, channels, patch, patch]</c>.</param>
    /// <param name="hasBias">True where the convolution has a bias.</param>
    /// <param name="positions">What each position adds, of <c>(positioned + patches + tokens after them) · hidden</c>
    /// elements; null for nothing.</param>
    /// <param name="positioned">How many of the tokens, the first ones, have a position.</param>
    public void AppendAll(string projection, bool hasBias, CheckpointTensor? positions, int positioned)
    {
        var (size, width) = (sizes.Patch, sizes.PatchElements);
        var flat = HearsSound ? Overlapping() : SideBySide(); // [batch, patches, channels·patch·patch]
        var matrix = IsStoredFlat
            ? new ChannelsLast(
                Tensors.Require($"{projection}.weight", HiddenSize, width), HiddenSize, size * size, sizes.Channels)
            : Tensors.Require($"{projection}.weight", HiddenSize, sizes.Channels, size, size);
        var part = new LinearPart(matrix, HeadPadding.None(width), HeadPadding.None(HiddenSize));
        var channels = HeadPadding.None(HiddenSize);
        var bias = hasBias ? Weights.Vector((Tensors.Require($"{projection}.bias", HiddenSize), channels)) : null;
        var rows = Linear.Append(this, "projection", flat, [part], bias);
        if (_tokens + RowsAfter > 0)
        {
            // Rows of zeros around the patches, to which the table adds tokens and their positions.
            var before = Graph.AddConstant("class_token.room", 0, _tokens, 0, 0, RowsAfter, 0);
            rows = Graph.Add("Pad", "class_token/Pad", [rows, before]);
        }

        // Summed when it is written: a size that a later part of the model refuses costs no table.
        var table = Graph.AddWeight("positions", new Weight(
            TensorDtype.Float32,
            [1, Rows, HiddenSize],
            stream => stream.Write(MemoryMarshal.AsBytes<float>(Sum(positions, positioned)))));
        Graph.Append("", "Add", "positions/Add", [rows, table], [Embeds]);
        Graph.AddOutput(Embeds, TensorDtype.Float32, "batch", Rows, HiddenSize);
    }

    private string SideBySide()
    {
        var (size, (down, across)) = (sizes.Patch, sizes.Filling);
        var pixels = Graph.AddInput(
            EncoderPorts.Pixels,
            TensorDtype.Float32,
            "batch",
            sizes.Channels,
            sizes.Height - down,
            sizes.Width - across);
        if (down + across > 0)
        {
            pixels = Graph.Add("Pad", "patches/Pad", [
                pixels, Graph.AddConstant("patches.filling", 0, 0, 0, 0, 0, 0, down, across)]);
        }

        if (sizes.HasRest)
        {
            pixels = Graph.Add("Slice", "patches/Slice", [
                pixels,
                Graph.AddConstant("patches.from", 0, 0),
                Graph.AddConstant("patches.to", sizes.Rows * size, sizes.Columns * size),
                Graph.AddConstant("patches.axes", 2, 3)]);
        }

        var grid = Graph.AddConstant("patches.grid", 0, sizes.Channels, sizes.Rows, size, sizes.Columns, size);
        var cut = Graph.Add("Reshape", "patches/Reshape", [pixels, grid]);
        var turned = Graph.Add("Transpose", "patches/Transpose", [cut], NodeAttribute.Ints("perm", 0, 2, 4, 1, 3, 5));
        return Graph.Add("Reshape", "patches/Flatten", [
            turned, Graph.AddConstant("patches.rows", 0, sizes.Count, sizes.PatchElements)]);
    }

    // A spectrogram comes as one row of frequencies for each moment; patches count frequencies from top to bottom.
    private string Overlapping()
    {
        var sound = Graph.AddInput(EncoderPorts.Sound, TensorDtype.Float32, "batch", sizes.Width, sizes.Height);
        var all = Graph.Add("Reshape", "patches/Flatten", [
            sound, Graph.AddConstant("patches.all", 0, sizes.Width * sizes.Height)]);
        long[] places =
        [
            .. from row in Enumerable.Range(0, sizes.Rows)
               from column in Enumerable.Range(0, sizes.Columns)
               from down in Enumerable.Range(row * sizes.StepDown, sizes.Patch)
               from across in Enumerable.Range(column * sizes.StepAcross, sizes.Patch)
               select ((long)across * sizes.Height) + down,
        ];
        var picked = Graph.Add(
            "Gather",
            "patches/Gather",
            [all, Graph.AddConstant("patches.places", places)],
            NodeAttribute.Int("axis", 1));
        return Graph.Add("Reshape", "patches/Reshape", [
            picked, Graph.AddConstant("patches.rows", 0, sizes.Count, sizes.PatchElements)]);
    }

    private float[] Sum(CheckpointTensor? positions, int positioned)
    {
        var table = new float[Rows * HiddenSize]; // [tokens + patches + tokens, hidden]
        var place = 0;
        foreach (var token in tokens)
        {
            token.Read(0, table.AsSpan(place, (int)token.ElementCount));
            place += (int)token.ElementCount;
        }

        var last = (_tokens + sizes.Count) * HiddenSize;
        foreach (var token in After)
        {
            token.Read(0, table.AsSpan(last, (int)token.ElementCount));
            last += (int)token.ElementCount;
        }

        if (positions is not null)
        {
            var added = new float[(positioned + sizes.Count + RowsAfter) * HiddenSize];
            positions.Read(0, added);
            Add(added.AsSpan(0, positioned * HiddenSize), table);
            Add(added.AsSpan(positioned * HiddenSize), table.AsSpan(place));
        }

        return table;
    }

    private static void Add(ReadOnlySpan<float> added, Span<float> table) =>
        TensorPrimitives.Add(added, table[..added.Length], table[..added.Length]);
}
