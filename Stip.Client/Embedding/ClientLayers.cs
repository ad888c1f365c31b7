using Microsoft.ML.OnnxRuntime;
using Stip.Client.Bundles;
using Stip.Keys.Bundles;

namespace Stip.Client.Embedding;

/// <summary>The first layers of a decoder, where they are the data owner's: between the tables and what is
/// sent.</summary>
/// <remarks>Safe for concurrent use; its sequences are not.</remarks>
internal sealed class ClientLayers : IDisposable
{
    private readonly ClientGraph _graph;

    private ClientLayers(ClientGraph graph) => _graph = graph;

    public InferenceSession Session => _graph.Session;

    /// <exception cref="BundleException">The graph cannot be loaded, or is not of layers.</exception>
    public static ClientLayers Open(string folder, ClientGraphManifest manifest)
    {
        var graph = ClientGraph.Load(folder, manifest);
        if (graph.Session.InputMetadata.ContainsKey(ClientLayersSequence.Rows)
            && graph.Session.OutputMetadata.ContainsKey(ClientLayersSequence.Output))
        {
            return new ClientLayers(graph);
        }

        graph.Dispose();
        throw new BundleException($"{Path.Combine(folder, manifest.File)} is not a graph of first layers");
    }

    /// <summary>A sequence of its own.</summary>
    /// <param name="maxLength">Most tokens of it.</param>
    public ClientLayersSequence OpenSequence(int maxLength) => new(this, maxLength);

    public void Dispose() => _graph.Dispose();
}
