using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks;

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

    /// <inheritdoc/>
    public override string Embeds => EncoderPorts.Embeds;

    /// <summary>How images are cut.</summary>
    public PatchSizes Sizes => sizes;

    /// <summary>Rows of an image: tokens and patches.</summary>
    public int Rows => sizes.Count + _tokens;

    /// <summary>Appends everything.</summary>
    /// <param name="projection">The convolution <c>[hidden, channels, patch, patch]</c>.</param>
    /// <param name="hasBias">True where the convolution has a bias.</param>
    /// <param name="positions">What each position adds, of <c>(positioned + patches) · hidden</c> elements; null for
    /// nothing.</param>
    /// <param name="positioned">How many of the tokens, the first ones, have a position.</param>
    public void AppendAll(string projection, bool hasBias, CheckpointTensor? positions, int positioned)
    {
        var (size, width) = (sizes.Patch, sizes.PatchElements);
        var pixels = Graph.AddInput(
            EncoderPorts.Pixels, TensorDtype.Float32, "batch", sizes.Channels, sizes.Height, sizes.Width);
        var grid = Graph.AddConstant("patches.grid", 0, sizes.Channels, sizes.Rows, size, sizes.Columns, size);
        var cut = Graph.Add("Reshape", "patches/Reshape", [pixels, grid]);
        var turned = Graph.Add("Transpose", "patches/Transpose", [cut], NodeAttribute.Ints("perm", 0, 2, 4, 1, 3, 5));
        var shape = Graph.AddConstant("patches.rows", 0, sizes.Count, width);
        var flat = Graph.Add("Reshape", "patches/Flatten", [turned, shape]); // [batch, patches, channels·patch·patch]

        var matrix = Tensors.Require($"{projection}.weight", HiddenSize, sizes.Channels, size, size);
        var part = new LinearPart(matrix, HeadPadding.None(width), HeadPadding.None(HiddenSize));
        var channels = HeadPadding.None(HiddenSize);
        var bias = hasBias ? Weights.Vector((Tensors.Require($"{projection}.bias", HiddenSize), channels)) : null;
        var rows = Linear.Append(this, "projection", flat, [part], bias);
        if (_tokens > 0)
        {
            // Rows of zeros before the patches, to which the table adds tokens and their positions.
            var before = Graph.AddConstant("class_token.room", 0, _tokens, 0, 0, 0, 0);
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

    private float[] Sum(CheckpointTensor? positions, int positioned)
    {
        var table = new float[Rows * HiddenSize]; // [tokens + patches, hidden]
        var place = 0;
        foreach (var token in tokens)
        {
            token.Read(0, table.AsSpan(place, (int)token.ElementCount));
            place += (int)token.ElementCount;
        }

        if (positions is not null)
        {
            var added = new float[(positioned + sizes.Count) * HiddenSize];
            positions.Read(0, added);
            Add(added.AsSpan(0, positioned * HiddenSize), table);
            Add(added.AsSpan(positioned * HiddenSize), table.AsSpan(place));
        }

        return table;
    }

    private static void Add(ReadOnlySpan<float> added, Span<float> table) =>
        TensorPrimitives.Add(added, table[..added.Length], table[..added.Length]);
}
