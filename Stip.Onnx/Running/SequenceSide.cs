using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Cut;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Running;

/// <summary>A folder of an encoder and a decoder from token ids on: nothing moves.</summary>
internal sealed class SequenceSide(string folder) : IModelSide
{
    private readonly Lazy<IReadOnlyDictionary<string, GraphManifest>> _graphs = new(() => GraphsOf(folder));

    public string Kind => ModelKinds.EncoderDecoder;

    public string MainRole => GraphRoles.Decoder;

    public int ContextLength => int.MaxValue;

    public int? ImageTokenId => null;

    public bool HasSharedCache => false;

    public EmbeddingTables? Tables => null;

    public string? ClientGraphOf(string role) => null;

    public string GraphOf(string role) => EncoderDecoderFolder.FileOf(folder, role);

    // What the graphs do tells their names apart, which takes longer than to see that they are the usual ones.
    public string NameOf(string role, string usual, IReadOnlyCollection<string> ports) =>
        ports.Contains(usual) || !_graphs.Value.TryGetValue(role, out var graph) ? usual : graph.NameOf(usual);

    public HostTensor Protect(string role, string name, HostTensor plain) => plain;

    public HostTensor Restore(string role, string name, HostTensor given) => given;

    public void Dispose()
    {
    }

    private static IReadOnlyDictionary<string, GraphManifest> GraphsOf(string folder)
    {
        try
        {
            using var model = EncoderDecoderFolder.Open(folder);
            return model.Manifest.Graphs;
        }
        catch (RefusedException)
        {
            // What cannot be cut may run all the same.
            return new Dictionary<string, GraphManifest>();
        }
    }
}
