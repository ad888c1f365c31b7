using System.Runtime.InteropServices;
using Stip.Keys.Bundles;
using Stip.Keys.Owner;
using Stip.Keys.Permutations;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Running;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection;

/// <summary>
/// A whole package on one machine: the client's tables before the protected graph, the client's and the owner's keys
/// after
/// it. It stands in for the plain model wherever both are compared.
/// </summary>
public sealed class ProtectedModel : IModelSide
{
    private readonly string _folder;
    private readonly BundleManifest _bundle;
    private readonly Dictionary<string, ProtectionPlan> _plans;
    private readonly Permutation? _vocab;

    private ProtectedModel(
        string folder, PackageManifest package, BundleManifest bundle, Dictionary<string, ProtectionPlan> plans)
    {
        _folder = folder;
        Package = package;
        _bundle = bundle;
        _plans = plans;
        var client = Path.Combine(folder, PackageFolder.Client);
        _vocab = ReadVocab(Path.Combine(client, BundleManifest.OutputFileName));
        Tables = bundle.Embedding.Tensors.Count == 0 ? null : EmbeddingTables.Open(client, bundle.Embedding);
    }

    /// <summary>What the cloud part says of itself.</summary>
    public PackageManifest Package { get; }

    /// <summary>The client's tables, already permuted; null where a graph stands in their place.</summary>
    public EmbeddingTables? Tables { get; }

    /// <summary>The protected graph that gives the answer.</summary>
    public string GraphPath => GraphOf(MainRole);

    /// <inheritdoc/>
    public string Kind => _bundle.Kind;

    /// <inheritdoc/>
    public string MainRole => MainRoles.Of(Package.Graphs.Keys);

    /// <inheritdoc/>
    public int ContextLength => Package.ContextLength;

    /// <inheritdoc/>
    public int? ImageTokenId => _bundle.ImageTokenId;

    /// <inheritdoc/>
    public bool HasSharedCache => Package.Graphs[MainRole].Cache?.Layout == CacheLayouts.Shared;

    /// <summary>First layers that are the client's.</summary>
    internal int ClientLayers => _bundle.ClientLayers
        ?? Cut.ClientLayers.Count(_bundle.ClientGraphs?.GetValueOrDefault(GraphRoles.Decoder));

    internal ProtectionPlan Plan => PlanOf(MainRole);

    /// <summary>Opens a folder that <c>protect</c> wrote, all three parts of it.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="passphrase">Opens encrypted owner keys.</param>
    /// <exception cref="RefusedException">A part is missing, or the parts do not belong together.</exception>
    /// <exception cref="InvalidDataException">The owner's keys do not open.</exception>
    public static ProtectedModel Open(string folder, string? passphrase = null)
    {
        var package = PackageFolder.ReadCloud(folder);
        var bundle = PackageFolder.ReadClient(folder);
        var (owner, permutations) = OwnerStore.Load(Path.Combine(folder, PackageFolder.Owner), passphrase);
        if (bundle.Fingerprint != package.Fingerprint || owner.Fingerprint != package.Fingerprint)
        {
            throw new RefusedException($"'{folder}': cloud, client and owner parts are of different packages");
        }

        return new ProtectedModel(folder, package, bundle, owner.Graphs.ToDictionary(
            graph => graph.Role, graph => OwnerPlan.FromKeys(graph, permutations), StringComparer.Ordinal));
    }

    /// <inheritdoc/>
    public string GraphOf(string role) => Path.Combine(_folder, PackageFolder.Cloud, Package.Graphs[role].File);

    /// <inheritdoc/>
    public string? ClientGraphOf(string role) => _bundle.ClientGraphs?.GetValueOrDefault(role) is { } graph
        ? Path.Combine(_folder, PackageFolder.Client, graph.File)
        : null;

    /// <inheritdoc/>
    public string NameOf(string role, string usual, IReadOnlyCollection<string> ports) =>
        Package.Graphs[role].NameOf(usual);

    /// <summary>File of a part, by its key.</summary>
    internal string PathOf(GraphPart part) => Path.Combine(
        _folder, part.IsClient ? PackageFolder.Client : PackageFolder.Cloud, part.FileName);

    /// <summary>False for a client's graph in whose place the client has tables.</summary>
    internal bool Has(GraphPart part) => File.Exists(PathOf(part));

    /// <summary>The client's folder.</summary>
    internal string ClientFolder => Path.Combine(_folder, PackageFolder.Client);

    /// <summary>What moved in a graph of the package.</summary>
    internal ProtectionPlan PlanOf(string key) => _plans.TryGetValue(key, out var plan)
        ? plan
        : throw new RefusedException($"'{_folder}': the owner's keys say nothing of the graph '{key}'");

    /// <inheritdoc/>
    public HostTensor Protect(string role, string name, HostTensor plain) =>
        PlanOf(role).Inputs.TryGetValue(name, out var port) ? port.Protect(plain) : plain;

    /// <summary>Puts an output of the graph that gives the answer back into the plain model's layout.</summary>
    /// <param name="name">Name of the output.</param>
    /// <param name="moved">What the protected graph gave, of the rank that the graph declares (logits of any
    /// rank).</param>
    public HostTensor Restore(string name, HostTensor moved) => Restore(MainRole, name, moved);

    /// <inheritdoc/>
    public HostTensor Restore(string role, string name, HostTensor given)
    {
        ArgumentNullException.ThrowIfNull(given);
        // The client's first layers are no graph of the package's manifest.
        if (_vocab is not null && Package.Graphs.TryGetValue(role, out var graph)
            && name == graph.NameOf(DecoderPorts.Logits) && given.Shape is [.., var width] && width == _vocab.Length)
        {
            return new PortPlan(name, [given.Shape.Count - 1], _vocab).Restore(given);
        }

        return PlanOf(role).Outputs.TryGetValue(name, out var port) ? port.Restore(given) : given;
    }

    /// <inheritdoc/>
    public void Dispose() => Tables?.Dispose();

    // Models without a vocabulary have none.
    private static Permutation? ReadVocab(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return !file.Header.Entries.TryGetValue(BundleManifest.VocabPermutationTensor, out var entry) ? null
            : entry.Dtype == TensorDtype.Int32
            ? Permutation.FromTargets(MemoryMarshal.Cast<byte, int>(file.Bytes(entry.Name)))
            : throw new RefusedException($"'{path}': '{BundleManifest.VocabPermutationTensor}' is not int32");
    }
}
