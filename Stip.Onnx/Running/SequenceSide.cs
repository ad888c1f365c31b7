using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Cut;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Running;

/// <summary>A folder of an encoder and a decoder from token ids on: nothing moves.</summary>
internal sealed class SequenceSide(string folder) : IModelSide
{
    private readonly Lazy<(IReadOnlyDictionary<string, GraphManifest> Graphs, string? Refusal)> _names =
        new(() => NamesOf(folder));

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
        ports.Contains(usual) || !_names.Value.Graphs.TryGetValue(role, out var graph) ? usual : graph.NameOf(usual);

    /// <summary>Why what the graphs call their inputs and outputs could not be told; null where it could, or nobody
    /// asked.</summary>
    public string? Refusal => _names.IsValueCreated ? _names.Value.Refusal : null;

    public HostTensor Protect(string role, string name, HostTensor plain) => plain;

    public HostTensor Restore(string role, string name, HostTensor given) => given;

    public void Dispose()
    {
    }

    private static (IReadOnlyDictionary<string, GraphManifest> Graphs, string? Refusal) NamesOf(string folder)
    {
        try
        {
            using var model = EncoderDecoderFolder.Open(folder);
            return (model.Manifest.Graphs, null);
        }
        catch (RefusedException e)
        {
            // What cannot be cut may run all the same.
            return (new Dictionary<string, GraphManifest>(), e.Message);
        }
    }
}
