namespace Stip.Protocol.Packages;

/// <summary>The KV cache of a decoder graph.</summary>
/// <param name="Layout"><c>shared</c>: past and present are one buffer <c>[batch, kv_heads, max_len, head_dim]</c>;
/// <c>growing</c>: present is past plus the new rows.</param>
/// <param name="Layers">Number of key/value pairs.</param>
/// <param name="KvHeads">KV heads of a layer.</param>
/// <param name="HeadDim">Channels of a head.</param>
/// <param name="Window">Attention window in tokens, null where attention sees everything.</param>
/// <param name="Tensors">The tensors of a growing cache, those of the first layer first; null where they are
/// <c>past_key_values.{i}.key|value</c> and <c>present.{i}.key|value</c>,
/// <c>[batch, kv_heads, length, head_dim]</c>.</param>
/// <param name="Cross">What a decoder keeps of an encoder's states: the first step (graph <c>decoder</c>) gives them,
/// later ones take them as they are, and <c>"length"</c> is that of the source. Null for a decoder on its own.</param>
public sealed record CacheManifest(
    string Layout,
    int Layers,
    int KvHeads,
    int HeadDim,
    int? Window = null,
    IReadOnlyList<CacheTensorManifest>? Tensors = null,
    IReadOnlyList<CacheTensorManifest>? Cross = null)
{
    /// <summary>Of each layer, the window that bounds what its cache keeps (<see cref="BoundedCache"/>), 0 where it has
    /// room for every token; null where all have.</summary>
    public IReadOnlyList<int>? BoundedWindows { get; init; }

    /// <summary>Inputs of a decoder with a growing cache beside its rows, mask, positions and caches; null for none.
    /// </summary>
    public IReadOnlyList<StepInputManifest>? Inputs { get; init; }

    /// <summary>True where a decoder with a growing cache takes its rows as <c>[sequence, batch, hidden]</c>; null for
    /// <c>[batch, sequence, hidden]</c>.</summary>
    public bool? SequenceFirst { get; init; }

    /// <summary>The window that bounds the cache of a layer, 0 where none does.</summary>
    public int BoundOf(int layer) => BoundedWindows is { } windows && layer < windows.Count ? windows[layer] : 0;
}
