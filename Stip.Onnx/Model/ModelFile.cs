using System.Security.Cryptography;
using Google.Protobuf;

namespace Stip.Onnx.Model;

/// <summary>An ONNX file opened for reading: the graph in memory, external weights mapped.</summary>
internal sealed class ModelFile : IDisposable
{
    private readonly ExternalDataFolder _external;

    private ModelFile(string path, byte[] bytes, ModelProto model)
    {
        FilePath = path;
        Model = model;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        _external = new ExternalDataFolder(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "");
    }

    public string FilePath { get; }

    public ModelProto Model { get; }

    public GraphProto Graph => Model.Graph;

    /// <summary>Digest of the graph file alone, lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    /// <summary>Initialisers in graph order, then tensors of Constant nodes in node order.</summary>
    public IReadOnlyList<GraphTensor> Tensors { get; private set; } = [];

    /// <summary>Opens a graph and finds the bytes of every tensor in it.</summary>
    /// <exception cref="RefusedException">The file is missing or no ONNX graph, or external data is missing,
    /// truncated or
    /// outside the model's folder.</exception>
    public static ModelFile Load(string path)
    {
        if (!File.Exists(path))
        {
            throw new RefusedException($"there is no graph at '{path}'");
        }

        var bytes = File.ReadAllBytes(path);
        var file = new ModelFile(path, bytes, Parse(path, bytes));
        try
        {
            file.Tensors = [.. TensorsOf(file.Graph).Select(entry => file.Open(entry.Name, entry.Tensor))];
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The tensors of a graph with the names under which nodes read them, in the order of <see cref="Tensors"/>.
    /// </summary>
    public static IEnumerable<(string Name, TensorProto Tensor)> TensorsOf(GraphProto graph)
    {
        foreach (var tensor in graph.Initializer)
        {
            yield return (tensor.Name, tensor);
        }

        foreach (var node in graph.Node.Where(node => node is { OpType: "Constant", Output.Count: > 0 }))
        {
            if (node.Attribute.FirstOrDefault(attribute => attribute.Name == "value")?.T is { } tensor)
            {
                yield return (node.Output[0], tensor);
            }
        }
    }

    public void Dispose() => _external.Dispose();

    private static ModelProto Parse(string path, byte[] bytes)
    {
        try
        {
            var model = ModelProto.Parser.ParseFrom(bytes);
            return model.Graph is { Node.Count: > 0 }
                ? model
                : throw new RefusedException($"'{path}' is not an ONNX graph: it has no nodes");
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new RefusedException($"'{path}' is not an ONNX graph, or is truncated", e);
        }
    }

    private GraphTensor Open(string name, TensorProto proto) =>
        proto.DataLocation == TensorProto.Types.DataLocation.External
            ? _external.Open(name, proto)
            : InlineData.Open(name, proto);
}
