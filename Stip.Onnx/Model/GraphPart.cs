using Stip.Protocol.Packages;

namespace Stip.Onnx.Model;

/// <summary>One graph of a model that may have several: what is labelled, permuted and written as one file.</summary>
/// <param name="Role"><c>decoder</c>, <c>encoder</c> or <c>vision</c>; for a client's graph the role that it
/// feeds.</param>
/// <param name="IsClient">True for a graph that stays with the client.</param>
/// <param name="FileName">Name of its file in a package.</param>
/// <param name="Model">The graph.</param>
/// <param name="Tensors">Its tensors, in the order of <see cref="ModelFile.TensorsOf(ModelProto)"/>.</param>
internal sealed record GraphPart(
    string Role, bool IsClient, string FileName, ModelProto Model, IReadOnlyList<GraphTensor> Tensors)
{
    private const string ClientPrefix = "client.";

    /// <summary>The graph whose inputs and weights tell the lengths of free axes: parts cut out of one graph run at
    /// the same ones.</summary>
    public GraphProto SizedBy { get; init; } = Model.Graph;

    /// <summary>True for a client's graph whose float inputs are features that may move (first layers), and not
    /// pixels, each in its place.</summary>
    public bool TakesFeatures { get; init; }

    /// <summary>What of a client's graph goes to the server as features; empty for one that cannot be kept.</summary>
    public IReadOnlyList<string> Sends { get; init; } = [];

    /// <summary>States, past and present, that were found by what the graph does with them.</summary>
    public IReadOnlyList<(string Past, string Present)> States { get; init; } = [];

    /// <summary>Name of the output that is the logits, where there is one.</summary>
    public string Logits { get; init; } = GraphManifest.Logits;

    /// <summary>True where a graph is known to do the same with every row of a batch, as those of export do: one row
    /// stands for all.</summary>
    public bool HasAlikeRows { get; init; }

    /// <summary>True for a client's graph that stays as it is: what it sends is put in order at its end, and none of
    /// its operators needs a rule.</summary>
    public bool IsKept { get; init; }

    /// <summary>Nodes, by their first output, all of whose cells stay where they are: with them moving, a package
    /// differed from its model.</summary>
    public IReadOnlySet<string> Held { get; init; } = new HashSet<string>();

    /// <summary>True for the first nodes of a graph, without its end: what is not read yet counts too.</summary>
    public bool IsBeginning { get; init; }

    /// <summary>Where its mapped weights lie; null for the model's folder.</summary>
    public string? DataFolder { get; init; }

    public GraphProto Graph => Model.Graph;

    /// <summary>Tells the parts of a model apart: the role, or <c>client.</c> and the role that it feeds.</summary>
    public string Key => KeyOf(Role, IsClient);

    public static string KeyOf(string role, bool isClient) => isClient ? ClientPrefix + role : role;

    /// <summary>A whole file as one part.</summary>
    public static GraphPart Of(ModelFile file, string role = "decoder", bool isClient = false) =>
        new(role, isClient, Path.GetFileName(file.FilePath), file.Model, file.Tensors)
        {
            DataFolder = file.DataFolder,
        };
}
