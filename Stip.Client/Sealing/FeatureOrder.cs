using System.Runtime.InteropServices;
using Stip.Client.Bundles;
using Stip.Keys.Bundles;
using Stip.Protocol.Tensors;

namespace Stip.Client.Sealing;

/// <summary>The secret order of an output's features: the plain feature j is the server's at entry j.</summary>
/// <remarks>Immutable and safe for concurrent use. <see cref="ToString"/> does not show it.</remarks>
internal sealed class FeatureOrder
{
    private readonly int[] _serverIndices;

    private FeatureOrder(int[] serverIndices) => _serverIndices = serverIndices;

    public int Width => _serverIndices.Length;

    /// <summary>Reads the order of an output from <c>output.safetensors</c>.</summary>
    /// <param name="file">The file.</param>
    /// <param name="output">The graph's name.</param>
    /// <param name="isLogits">Whether it is what is usually called logits.</param>
    /// <returns>Null where the file has none: the order is the plain one.</returns>
    /// <exception cref="BundleException">What is there is no permutation, or none of the last axis.</exception>
    public static FeatureOrder? Find(SafetensorsFile file, string output, bool isLogits)
    {
        // Logits over a vocabulary have a name of their own; those of a model whose graph says no width have theirs.
        var own = BundleManifest.OutputPermutationPrefix + output;
        var name = isLogits && !file.Header.Entries.ContainsKey(own)
            ? BundleManifest.VocabPermutationTensor
            : own;
        if (!file.Header.Entries.TryGetValue(name, out var entry))
        {
            return null;
        }

        if (file.Header.Metadata.TryGetValue(name, out var axes))
        {
            throw new BundleException(
                $"{BundleManifest.OutputFileName}: '{name}' is the order of axis {axes} of '{output}'; features are "
                + "read on the last axis (others with the forward request)");
        }

        var indices = entry.Dtype == TensorDtype.Int32
            ? MemoryMarshal.Cast<byte, int>(file.Bytes(name)).ToArray()
            : [];
        return indices.Length > 0 && indices.Order().Select((index, i) => index == i).All(isPlace => isPlace)
            ? new FeatureOrder(indices)
            : throw new BundleException(
                $"{BundleManifest.OutputFileName}: '{name}' is not an int32 permutation of its entries");
    }

    /// <summary>Puts a row back into the plain order.</summary>
    /// <param name="server">As the server gave it, <see cref="Width"/> elements.</param>
    /// <param name="plain">Receives the features in plain order.</param>
    public void ToPlain(ReadOnlySpan<float> server, Span<float> plain)
    {
        for (var i = 0; i < _serverIndices.Length; i++)
        {
            plain[i] = server[_serverIndices[i]];
        }
    }

    public override string ToString() => $"{nameof(FeatureOrder)} of {Width}";
}
