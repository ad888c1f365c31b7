using Stip.Export.Blocks.FeedForward;

namespace Stip.Export.Blocks.Vision;

/// <summary>Parts of a network of convolutions with shortcuts.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="function">Function after blocks.</param>
internal sealed class ResidualImage(EncoderGraph encoder, string function)
{
    /// <summary>Appends a convolution and its norm.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Where both are in the checkpoint.</param>
    /// <param name="convolution">The convolution.</param>
    /// <param name="image">An image.</param>
    /// <param name="after">Function that follows, null for none.</param>
    public string Normed(string name, string tensor, Convolution convolution, string image, string? after = null)
    {
        var mixed = convolution.Append(encoder, name, $"{tensor}.convolution", image);
        var normed = BatchNorm.Append(
            encoder, $"{name}.norm", $"{tensor}.normalization", mixed, convolution.Outputs);
        return after is null ? normed : Activation.Append(encoder.Graph, after, $"{name}.act", normed);
    }

    /// <summary>Appends the sum of a block and its shortcut, and the function after it.</summary>
    public string Joined(string name, string image, string shortcut) => Activation.Append(
        encoder.Graph, function, $"{name}.act", encoder.Graph.Add("Add", $"{name}.sum", [image, shortcut]));
}
