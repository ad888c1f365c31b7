using System.Text.Json.Serialization;

namespace Stip.Keys.Bundles;

/// <summary><c>bundle.json</c>: the client's side of a package, without its tensors.</summary>
/// <param name="Protocol">Protocol version, <c>stip/1</c>.</param>
/// <param name="Model">Id of the model on the server.</param>
/// <param name="Instance">Random id of this set of keys.</param>
/// <param name="KeyEpoch">Counts key rotations, from 1.</param>
/// <param name="Mode"><c>permutation</c>, <c>hardened</c> or <c>none</c>.</param>
/// <param name="Fingerprint">Fingerprint of the cloud package; a client refuses a server that shows another.</param>
/// <param name="Kind"><c>decoder</c>, <c>encoder</c>, <c>image</c>, <c>vision-language</c> or
/// <c>encoder-decoder</c>.</param>
/// <param name="HiddenSize">Width of a row.</param>
/// <param name="VocabSize">Width of a logits row.</param>
/// <param name="ContextLength">Most tokens of a session.</param>
/// <param name="WireDtype">Type in which rows are sent.</param>
/// <param name="BosTokenId">Token that starts a text, where the model has one.</param>
/// <param name="EosTokenIds">Tokens that end a text.</param>
/// <param name="Embedding">What the client adds up to make a row.</param>
public sealed record BundleManifest(
    string Protocol,
    string Model,
    string Instance,
    int KeyEpoch,
    string Mode,
    string Fingerprint,
    string Kind,
    int HiddenSize,
    int VocabSize,
    int ContextLength,
    string WireDtype,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? BosTokenId,
    IReadOnlyList<int> EosTokenIds,
    EmbeddingManifest Embedding)
{
    /// <summary>Name of the manifest inside a bundle.</summary>
    public const string FileName = "bundle.json";

    /// <summary>
    /// Prefix of int32 vectors in <see cref="OutputFileName"/>, one for each output that is not a cache, e.g.
    /// <c>output_permutation.last_hidden_state</c>: the plain feature j is the server's feature at entry j. Of an
    /// output of integers: the plain number j is the server's number at entry j.
    /// Of an output whose features are not on its last axis the file's metadata says on which, under the vector's name:
    /// <c>1</c>; of features on several axes that move together the tensor has their shape, and its entries are places
    /// among all of them, row-major.
    /// </summary>
    public const string OutputPermutationPrefix = "output_permutation.";

    /// <summary>File of the tables named by <see cref="Embedding"/>.</summary>
    public const string EmbeddingFileName = "embedding.safetensors";

    /// <summary>File of <see cref="VocabPermutationTensor"/>.</summary>
    public const string OutputFileName = "output.safetensors";

    /// <summary>int32 <c>[vocab_size]</c>: the plain logit of token j is the server's logit at entry j.</summary>
    public const string VocabPermutationTensor = "vocab_permutation";

    /// <summary>The client's graphs by the role that they feed; null where tables do.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, ClientGraphManifest>? ClientGraphs { get; init; }

    /// <summary>First layers of a graph of another exporter that are in the client's graph; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ClientLayers { get; init; }

    /// <summary>Names of the classes that a classifier tells apart, in plain order.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>How logits become scores of labels: <c>softmax</c> where exactly one holds (also where nothing is
    /// said), <c>sigmoid</c> where each holds by itself, <c>none</c> where they are scores as they come.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LabelScores { get; init; }

    /// <summary>How rows become one embedding: <c>mean</c> (also where nothing is said), <c>cls</c>, <c>max</c> or
    /// <c>lasttoken</c>; or <c>pooler_output</c>, the output that is one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Pooling { get; init; }

    /// <summary>True where an embedding is scaled to length 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Normalize { get; init; }

    /// <summary>What stands before every text that is embedded; null for nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Prompt { get; init; }

    /// <summary>What may stand before a text in its place, by name (<c>query</c>, <c>document</c>); null for none.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Prompts { get; init; }

    /// <summary>Token that texts to embed are filled up with to the most positions, and that counts like any other;
    /// null where nothing is added.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? FillTokenId { get; init; }

    /// <summary>How answers begin, of a model of an encoder and a decoder; null for others.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SequenceManifest? Sequence { get; init; }

    /// <summary>How a decoder without a cache is asked; null for other models.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WholeSequenceManifest? WholeSequence { get; init; }

    /// <summary>Token whose rows are replaced by those of an image.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ImageTokenId { get; init; }
}

/// <summary>The client's part of the model, where it is look-ups and sums.</summary>
/// <param name="Tensors">Tables in <c>embedding.safetensors</c>: <c>token_embedding</c> <c>[V, d]</c> and, where the
/// model
/// adds them, <c>position_embedding</c> <c>[P, d]</c>, <c>token_type_embedding</c> <c>[T, d]</c>
/// and those of <see cref="Boxes"/>.</param>
/// <param name="Scale">Factor on the token row, 1 for most models.</param>
public sealed record EmbeddingManifest(IReadOnlyList<string> Tensors, double Scale = 1)
{
    /// <summary>Table of token rows.</summary>
    public const string Token = "token_embedding";

    /// <summary>Table of position rows.</summary>
    public const string Position = "position_embedding";

    /// <summary>Table of token-type rows.</summary>
    public const string TokenType = "token_type_embedding";

    /// <summary>Tables of rows for where a token's box on a page begins and ends (left, upper, right, lower) and for
    /// how high and wide it is. A model has all of them or none; who gives no boxes stands every token in one of
    /// zeros.</summary>
    public static IReadOnlyList<string> Boxes { get; } =
    [
        "box_left_embedding",
        "box_upper_embedding",
        "box_right_embedding",
        "box_lower_embedding",
        "box_height_embedding",
        "box_width_embedding",
    ];

    /// <summary>What the plain graph calls <c>input_ids</c> and <c>position_ids</c>, where it calls them otherwise:
    /// for whoever gives it its own inputs (<c>run</c>, <c>verify</c>). Clients need it not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Names { get; init; }
}
