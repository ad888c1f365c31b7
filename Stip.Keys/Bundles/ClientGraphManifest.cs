using System.Text.Json.Serialization;

namespace Stip.Keys.Bundles;

/// <summary>
/// A part of the model that runs on the client because it is more than look-ups and sums: a small ONNX graph, in
/// <c>export.json</c> and <c>bundle.json</c> by the role of the graph that it feeds.
/// </summary>
/// <param name="File">The ONNX file, beside the manifest.</param>
/// <param name="Inputs">What the user's side gives: token ids, masks, pixels.</param>
/// <param name="Outputs">Named like the inputs of the graph that they feed.</param>
public sealed record ClientGraphManifest(
    string File, IReadOnlyList<ClientTensorManifest> Inputs, IReadOnlyList<ClientTensorManifest> Outputs)
{
    /// <summary>The graph's own names of what is usually called <c>input_ids</c>, <c>attention_mask</c>,
    /// <c>position_ids</c>, <c>token_type_ids</c> and <c>inputs_embeds</c>; null where it calls them so.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Ports { get; init; }

    /// <summary>Caches of a decoder's first layers that grow; null where the graph has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ClientCacheManifest>? Caches { get; init; }

    /// <summary>The graph's name of what is usually called so.</summary>
    /// <param name="usual">The usual name.</param>
    public string NameOf(string usual) => Ports?.GetValueOrDefault(usual) ?? usual;
}
