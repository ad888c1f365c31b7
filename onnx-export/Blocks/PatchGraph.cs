using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks;

/// <summary>
/// The client's part of a vision model: patches of an image times one matrix, a class token before them, and what each
/// position adds. It computes in float32 always, since it runs on the client.
/// </summary>
internal sealed class PatchGraph : ModelGraph
{
    private readonly PatchSizes _sizes;

    public PatchGraph(ITensorStore tensors, int hiddenSize, PatchSizes sizes)
        : base("embedding", tensors, TensorDtype.Float32, hiddenSize) => _sizes = sizes;

    /// <inheritdoc/>
    public override string Embeds => EncoderPorts.Embeds;

    /// <summary>Rows of an image: the class token and its patches.</summary>
    public int Rows => _sizes.Count + 1;

    /// <summary>Appends everything.</summary>
    /// <param name="projection">The convolution <c>[hidden, channels, patch, patch]</c>.</param>
    /// <param name="hasBias">True where the convolution has a bias.</param>
    /// <param name="classToken">What stands before the patches, of <c>hidden</c> elements.</param>
    /// <param name="positions">What each position adds, of <c>(patches + 1) · hidden</c> elements.</param>
    public void AppendAll(string projection, bool hasBias, CheckpointTensor classToken, CheckpointTensor positions)
    {
        var (size, width) = (_sizes.Patch, _sizes.PatchElements);
        var pixels = Graph.AddInput(
            EncoderPorts.Pixels, TensorDtype.Float32, "batch", _sizes.Channels, _sizes.Height, _sizes.Width);
        var grid = Graph.AddConstant(
            "patches.grid", 0, _sizes.Channels, _sizes.Rows, size, _sizes.Columns, size);
        var cut = Graph.Add("Reshape", "patches/Reshape", [pixels, grid]);
        var turned = Graph.Add("Transpose", "patches/Transpose", [cut], NodeAttribute.Ints("perm", 0, 2, 4, 1, 3, 5));
        var shape = Graph.AddConstant("patches.rows", 0, _sizes.Count, width);
        var flat = Graph.Add("Reshape", "patches/Flatten", [turned, shape]); // [batch, patches, channels·patch·patch]

        var matrix = Tensors.Require($"{projection}.weight", HiddenSize, _sizes.Channels, size, size);
        var part = new LinearPart(matrix, HeadPadding.None(width), HeadPadding.None(HiddenSize));
        var channels = HeadPadding.None(HiddenSize);
        var bias = hasBias ? Weights.Vector((Tensors.Require($"{projection}.bias", HiddenSize), channels)) : null;
        var embedded = Linear.Append(this, "projection", flat, [part], bias);

        // A row of zeros before the patches, to which the table adds class token and position 0.
        var before = Graph.AddConstant("class_token.room", 0, 1, 0, 0, 0, 0);
        var room = Graph.Add("Pad", "class_token/Pad", [embedded, before]);
        var table = Graph.AddWeight(
            "positions", Weights.Table([1, Rows, HiddenSize], Sum(classToken, positions)));
        Graph.Append("", "Add", "positions/Add", [room, table], [Embeds]);
        Graph.AddOutput(Embeds, TensorDtype.Float32, "batch", Rows, HiddenSize);
    }

    private float[] Sum(CheckpointTensor classToken, CheckpointTensor positions)
    {
        var table = new float[Rows * HiddenSize]; // [1 + patches, hidden]
        var first = new float[HiddenSize];
        positions.Read(0, table);
        classToken.Read(0, first);
        for (var i = 0; i < first.Length; i++)
        {
            table[i] += first[i];
        }

        return table;
    }
}
