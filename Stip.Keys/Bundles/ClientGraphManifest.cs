namespace Stip.Keys.Bundles;

/// <summary>
/// A part of the model that runs on the client because it is more than look-ups and sums: a small ONNX graph, in
/// <c>export.json</c> and <c>bundle.json</c> by the role of the graph that it feeds.
/// </summary>
/// <param name="File">The ONNX file, beside the manifest.</param>
/// <param name="Inputs">What the user's side gives: token ids, masks, pixels.</param>
/// <param name="Outputs">Named like the inputs of the graph that they feed.</param>
public sealed record ClientGraphManifest(
    string File, IReadOnlyList<ClientTensorManifest> Inputs, IReadOnlyList<ClientTensorManifest> Outputs);
