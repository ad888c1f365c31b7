using Stip.Export.Blocks.Attention;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Vision;

/// <summary>A convolution over images, with its weights in the checkpoint.</summary>
/// <param name="Inputs">Channels that come in.</param>
/// <param name="Outputs">Channels that go out.</param>
/// <param name="Side">Pixels of a side of the kernel.</param>
internal sealed record Convolution(int Inputs, int Outputs, int Side)
{
    /// <summary>Pixels from one place of the kernel to the next.</summary>
    public int Step { get; init; } = 1;

    /// <summary>Zeros around the image.</summary>
    public int Pad { get; init; } = Side / 2;

    /// <summary>Zeros at the left and above, where they are not as many as at the right and below.</summary>
    public int? PadBefore { get; init; }

    /// <summary>True where zeros are put around the image such that a place is left for every step, one more at the
    /// right and below where their number is odd, whatever <see cref="Pad"/> says (TensorFlow).</summary>
    public bool PadsEvenly { get; init; }

    /// <summary>Groups of channels that are mixed apart.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>False where it has no bias.</summary>
    public bool HasBias { get; init; } = true;

    /// <summary>One kernel for each channel.</summary>
    public static Convolution Apart(int channels, int side) => new(channels, channels, side) { Groups = channels };

    /// <summary>Appends it.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Its name in the checkpoint.</param>
    /// <param name="image">An image <c>[batch, channels, height, width]</c>.</param>
    /// <returns>An image of the same form.</returns>
    public string Append(EncoderGraph encoder, string name, string tensor, string image) => Append(
        encoder,
        name,
        image,
        encoder.Tensors.Require($"{tensor}.weight", Outputs, Inputs / Groups, Side, Side),
        HasBias ? encoder.Tensors.Require($"{tensor}.bias", Outputs) : null);

    /// <summary>The same with weights at hand, of a kernel of any shape with as many elements.</summary>
    public string Append(
        EncoderGraph encoder, string name, string image, CheckpointTensor kernel, CheckpointTensor? bias)
    {
        List<string> inputs = [image, Kernel(encoder, name, kernel, image == EncoderPorts.Pixels)];
        if (bias is not null)
        {
            inputs.Add(encoder.AddWeight(
                $"{name}.bias", encoder.Weights.Vector((bias, HeadPadding.None(Outputs)))));
        }

        return encoder.Graph.Add(
            "Conv",
            name,
            inputs,
            NodeAttribute.Int("group", Groups),
            NodeAttribute.Ints("kernel_shape", Side, Side),
            NodeAttribute.Ints("strides", Step, Step),
            PadsEvenly
                ? NodeAttribute.String("auto_pad", "SAME_UPPER")
                : NodeAttribute.Ints("pads", PadBefore ?? Pad, PadBefore ?? Pad, Pad, Pad));
    }

    // Stored with channels last, where a runtime that loads the graph turns it once: channels are what moves, so that
    // whoever compares files sees that they did. The first one is the client's, and tells how small an image may be.
    private string Kernel(EncoderGraph encoder, string name, CheckpointTensor kernel, bool isFirst)
    {
        var (inputs, places) = (Inputs / Groups, Side * Side);
        if (places == 1 || inputs == 1 || isFirst)
        {
            kernel = new ReshapedTensor(kernel, [Outputs, inputs, Side, Side]);
            return encoder.AddWeight($"{name}.weight", encoder.Weights.Rows(kernel.Shape, [kernel], 1));
        }

        var flat = new ChannelsLast(kernel, Outputs, inputs, places);
        var weight = encoder.AddWeight($"{name}.weight", encoder.Weights.Rows(
            [Outputs, Side, Side, inputs], [new ReshapedTensor(flat, [Outputs, Side, Side, inputs])], 1));
        return encoder.Graph.Add(
            "Transpose", $"{name}.kernel", [weight], NodeAttribute.Ints("perm", 0, 3, 1, 2));
    }
}
