namespace Stip.Onnx.Packages;

/// <summary>
/// Two ports whose features are the same, so that one permutation serves both: what an output of one graph gives is
/// put among the rows of an input of another.
/// </summary>
/// <param name="From">Role and output, e.g. <c>vision.image_features</c>.</param>
/// <param name="To">Role and input, e.g. <c>decoder.inputs_embeds</c>; or an output that means the same.</param>
public sealed record PortJoin(string From, string To);
