using Stip.Export.Architectures;
using Stip.Export.Blocks;
using Stip.Keys.Bundles;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Protocol.Packages;

namespace Stip.Export.Writing;

/// <summary>One graph of an exported folder.</summary>
/// <param name="Role">What it is for; a client's graph has the role of the one that it feeds.</param>
/// <param name="File">Its file.</param>
/// <param name="Model">What is in it.</param>
/// <param name="IsClient">True for the client's part.</param>
internal sealed record ExportedGraph(string Role, string File, ModelGraph Model, bool IsClient)
{
    private const string MainFile = "model.onnx";
    private const string VisionFile = "vision.onnx";
    private const string EmbeddingFile = "embedding.onnx";

    /// <summary>The graphs of a model.</summary>
    public static IEnumerable<ExportedGraph> Of(ExportedModel model)
    {
        var sees = model.Vision ?? (model.Kind == ModelKinds.Image ? model.Graph : null);
        if (sees is not null)
        {
            yield return new(GraphRoles.Vision, VisionFile, sees, IsClient: false);
        }

        if (model.Patches is not null)
        {
            yield return new(GraphRoles.Vision, EmbeddingFile, model.Patches, IsClient: true);
        }

        if (model.Graph != sees)
        {
            var role = model.Graph is DecoderGraph { HasCache: true } ? GraphRoles.Decoder : GraphRoles.Encoder;
            yield return new(role, MainFile, model.Graph, IsClient: false);
        }
    }

    /// <summary>What manifests say of a graph of the server.</summary>
    public GraphManifest Describe() => Model is DecoderGraph { HasCache: true } decoder
        ? decoder.Describe(File)
        : new GraphManifest(
            File, GraphSignature.Inputs(Model.Graph.Graph), GraphSignature.Outputs(Model.Graph.Graph));

    /// <summary>What manifests say of a graph of the client.</summary>
    public ClientGraphManifest DescribeClient() => new(
        File,
        [.. GraphSignature.Inputs(Model.Graph.Graph).Select(Port)],
        [.. GraphSignature.Outputs(Model.Graph.Graph).Select(Port)]);

    private static ClientTensorManifest Port(TensorManifest port) => new(port.Name, port.Dtype, port.Shape);
}
