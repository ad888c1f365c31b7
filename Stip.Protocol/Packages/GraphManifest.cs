namespace Stip.Protocol.Packages;

/// <summary>One graph of a package.</summary>
/// <param name="File">Path of the ONNX file inside the package.</param>
/// <param name="Inputs">Inputs in graph order.</param>
/// <param name="Outputs">Outputs in graph order.</param>
/// <param name="Cache">The KV cache, null for graphs without one.</param>
public sealed record GraphManifest(
    string File,
    IReadOnlyList<TensorManifest> Inputs,
    IReadOnlyList<TensorManifest> Outputs,
    CacheManifest? Cache = null)
{
    /// <summary>Usual name of the rows that a step takes.</summary>
    public const string Embeds = "inputs_embeds";

    /// <summary>Usual name of the mask.</summary>
    public const string Mask = "attention_mask";

    /// <summary>Usual name of the positions.</summary>
    public const string Positions = "position_ids";

    /// <summary>Usual name of the logits.</summary>
    public const string Logits = "logits";

    /// <summary>Usual name of the features of each row, of graphs without a cache.</summary>
    public const string Hidden = "last_hidden_state";

    /// <summary>Usual name of the features of a whole text, of graphs without a cache.</summary>
    public const string TextEmbeds = "text_embeds";

    /// <summary>Usual name of the scores of places where an answer begins.</summary>
    public const string StartLogits = "start_logits";

    /// <summary>Usual name of the scores of places where an answer ends.</summary>
    public const string EndLogits = "end_logits";

    /// <summary>Usual name of what an encoder gives a decoder beside it.</summary>
    public const string EncoderStates = "encoder_hidden_states";

    /// <summary>Usual name of the mask of the encoder's rows, where a decoder takes it.</summary>
    public const string EncoderMask = "encoder_attention_mask";

    /// <summary>Usual name of what tells a decoder that is both steps in one graph which of them it is.</summary>
    public const string Branch = "use_cache_branch";

    /// <summary>The graph's own names by the usual ones. Of a decoder with a growing cache: <see cref="Embeds"/>,
    /// <see cref="Mask"/>, <see cref="Positions"/>, <see cref="Logits"/>. Of a graph without a cache:
    /// <see cref="Embeds"/>, <see cref="Mask"/>, <see cref="Logits"/>, <see cref="Hidden"/>, <see cref="TextEmbeds"/>,
    /// <see cref="StartLogits"/>, <see cref="EndLogits"/>. Of a decoder beside an encoder: <see cref="Embeds"/>,
    /// <see cref="EncoderStates"/>, <see cref="EncoderMask"/>, <see cref="Branch"/>, <see cref="Logits"/>, and of its
    /// first step the names that later steps give their caches, where its own are others. What is not listed has its
    /// usual name; null where all have.</summary>
    public IReadOnlyDictionary<string, string>? Ports { get; init; }

    /// <summary>The graph's name of what is usually called so.</summary>
    public string NameOf(string usual) => Ports?.GetValueOrDefault(usual) ?? usual;
}
