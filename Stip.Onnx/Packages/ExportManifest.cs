using Stip.Keys.Bundles;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Packages;

/// <summary><c>export.json</c>: what a folder of <c>export</c> holds.</summary>
/// <param name="Format">Always <see cref="CurrentFormat"/>.</param>
/// <param name="Model">Default id of the model: the name of the checkpoint.</param>
/// <param name="Kind"><c>decoder</c>, <c>encoder</c>, <c>image</c> or <c>vision-language</c>.</param>
/// <param name="Architecture">The checkpoint's architecture, e.g. <c>LlamaForCausalLM</c>; never leaves the
/// developer.</param>
/// <param name="HiddenSize">Width of the residual stream.</param>
/// <param name="VocabSize">Rows of the token table.</param>
/// <param name="ContextLength">Most positions.</param>
/// <param name="Dtype">Type the graph computes in.</param>
/// <param name="WireDtype">Type in which a client sends rows: the table's own type, float32 where tables are
/// added.</param>
/// <param name="TiedEmbeddings">True where the checkpoint's lm_head is its token table.</param>
/// <param name="BosTokenId">Token that starts a text, where there is one.</param>
/// <param name="EosTokenIds">Tokens that end a text.</param>
/// <param name="Embedding">The client's part.</param>
/// <param name="Graphs">By role.</param>
public sealed record ExportManifest(
    string Format,
    string Model,
    string Kind,
    string Architecture,
    int HiddenSize,
    int VocabSize,
    int ContextLength,
    string Dtype,
    string WireDtype,
    bool TiedEmbeddings,
    int? BosTokenId,
    IReadOnlyList<int> EosTokenIds,
    EmbeddingManifest Embedding,
    IReadOnlyDictionary<string, GraphManifest> Graphs)
{
    /// <summary>The format this library writes.</summary>
    public const string CurrentFormat = "stip-export/1";

    /// <summary>Name of the manifest inside an exported folder.</summary>
    public const string FileName = "export.json";

    /// <summary>
    /// The client's graphs by the role of the graph that they feed, e.g. <c>embedding.onnx</c> for <c>vision</c>.
    /// </summary>
    public IReadOnlyDictionary<string, ClientGraphManifest>? ClientGraphs { get; init; }

    /// <summary>How many first layers a client's graph has, of a graph of another exporter; null for none. A decoder of
    /// export says it by the caches of its client's graph.</summary>
    public int? ClientLayers { get; init; }

    /// <summary>Features that two graphs share.</summary>
    public IReadOnlyList<PortJoin>? Joins { get; init; }

    /// <summary>Names of the classes that a classifier tells apart.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>How logits become scores of labels: <c>softmax</c> where exactly one holds (also where nothing is
    /// said), <c>sigmoid</c> where each holds by itself, <c>none</c> where they are scores as they come.</summary>
    public string? LabelScores { get; init; }

    /// <summary>How rows become one embedding: <c>mean</c> (also where nothing is said), <c>cls</c>, <c>max</c> or
    /// <c>lasttoken</c>; or <c>pooler_output</c>, the output that is one.</summary>
    public string? Pooling { get; init; }

    /// <summary>True where an embedding is scaled to length 1.</summary>
    public bool? Normalize { get; init; }

    /// <summary>What stands before every text that is embedded; null for nothing.</summary>
    public string? Prompt { get; init; }

    /// <summary>What may stand before a text in its place, by name (<c>query</c>, <c>document</c>); null for none.
    /// </summary>
    public IReadOnlyDictionary<string, string>? Prompts { get; init; }

    /// <summary>Token that texts to embed are filled up with to the most positions, and that counts like any other;
    /// null where nothing is added.</summary>
    public int? FillTokenId { get; init; }

    /// <summary>How answers begin, of a model of an encoder and a decoder whose settings say it.</summary>
    public SequenceManifest? Sequence { get; init; }

    /// <summary>How a decoder without a cache is asked; null for other models.</summary>
    public WholeSequenceManifest? WholeSequence { get; init; }

    /// <summary>Most rows that the encoder beside a decoder reads.</summary>
    public int? SourceLength { get; init; }

    /// <summary>Token whose rows are replaced by those of an image.</summary>
    public int? ImageTokenId { get; init; }
}
