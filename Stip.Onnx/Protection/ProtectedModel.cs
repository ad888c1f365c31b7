using System.Runtime.InteropServices;
using Stip.Keys.Bundles;
using Stip.Keys.Owner;
using Stip.Keys.Permutations;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection;

/// <summary>
/// A whole package on one machine: the client's tables before the protected graph, the client's and the owner's keys
/// after
/// it. It stands in for the plain model wherever both are compared.
/// </summary>
public sealed class ProtectedModel : IDisposable
{
    private readonly ProtectionPlan _plan;
    private readonly Permutation _vocab;

    private ProtectedModel(
        PackageManifest package, EmbeddingTables tables, string graphPath, ProtectionPlan plan, Permutation vocab)
    {
        Package = package;
        Tables = tables;
        GraphPath = graphPath;
        _plan = plan;
        _vocab = vocab;
    }

    /// <summary>What the cloud part says of itself.</summary>
    public PackageManifest Package { get; }

    /// <summary>The client's tables, already permuted.</summary>
    public EmbeddingTables Tables { get; }

    /// <summary>The protected decoder graph.</summary>
    public string GraphPath { get; }

    internal ProtectionPlan Plan => _plan;

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

        var client = Path.Combine(folder, PackageFolder.Client);
        return new ProtectedModel(
            package,
            EmbeddingTables.Open(client, bundle.Embedding),
            Path.Combine(folder, PackageFolder.Cloud, package.Graphs[PlainModel.DecoderRole].File),
            OwnerPlan.FromKeys(owner.Graphs.First(graph => graph.Role == PlainModel.DecoderRole), permutations),
            ReadVocab(Path.Combine(client, BundleManifest.OutputFileName)));
    }

    /// <summary>Puts logits back into the order of tokens: <c>plain[j] = moved[vocab_permutation[j]]</c>.</summary>
    /// <param name="moved">Rows of logits, <c>[n, vocab]</c>.</param>
    /// <returns>The rows in plain order.</returns>
    public float[] RestoreLogits(ReadOnlySpan<float> moved)
    {
        var plain = new float[moved.Length];
        _vocab.Inverse().ApplyToRows(moved, plain);
        return plain;
    }

    /// <summary>
    /// Puts an output of the graph back into the plain model's layout: logits, caches, hidden states.
    /// </summary>
    /// <param name="name">Name of the output.</param>
    /// <param name="moved">What the protected graph gave, of the rank that the graph declares (logits of any
    /// rank).</param>
    public HostTensor Restore(string name, HostTensor moved)
    {
        ArgumentNullException.ThrowIfNull(moved);
        if (name == DecoderPorts.Logits)
        {
            return new PortPlan(name, [moved.Shape.Count - 1], _vocab).Restore(moved);
        }

        return _plan.Outputs.TryGetValue(name, out var port) ? port.Restore(moved) : moved;
    }

    /// <inheritdoc/>
    public void Dispose() => Tables.Dispose();

    private static Permutation ReadVocab(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Header.Entries.TryGetValue(BundleManifest.VocabPermutationTensor, out var entry)
            && entry.Dtype == TensorDtype.Int32
            ? Permutation.FromTargets(MemoryMarshal.Cast<byte, int>(file.Bytes(entry.Name)))
            : throw new RefusedException($"'{path}' has no int32 tensor '{BundleManifest.VocabPermutationTensor}'");
    }
}
