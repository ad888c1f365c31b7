using Google.Protobuf;

namespace Stip.Onnx.Model;

/// <summary>An ONNX file opened for reading: the graph in memory, large weights mapped wherever they lie.</summary>
internal sealed class ModelFile : IDisposable
{
    private readonly ExternalDataFolder _external;

    private ModelFile(string path, ModelProto model, string sha256, MappedFile? mapped)
    {
        FilePath = path;
        Model = model;
        Sha256 = sha256;
        _external = new ExternalDataFolder(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "");
        if (mapped is not null)
        {
            var held = Path.GetFullPath(LinkTarget.Of(path));
            _external.Add(Path.GetFileName(held), mapped);
            DataFolder = Path.GetDirectoryName(held);
        }
    }

    public string FilePath { get; }

    /// <summary>Where the file lies that holds its own mapped weights, which is elsewhere where the path is a link;
    /// null where none are mapped.</summary>
    public string? DataFolder { get; }

    public ModelProto Model { get; }

    public GraphProto Graph => Model.Graph;

    /// <summary>Digest of the graph file alone, lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    /// <summary>Initialisers in graph order, then tensors of Constant nodes in node order.</summary>
    public IReadOnlyList<GraphTensor> Tensors { get; private set; } = [];

    /// <summary>Opens a graph and finds the bytes of every tensor in it.</summary>
    /// <param name="path">The ONNX file.</param>
    /// <param name="largestCopied">Bytes of a file that is read whole; weights inside a larger one are mapped.</param>
    /// <exception cref="RefusedException">The file is missing or no ONNX graph, or external data is missing,
    /// truncated or outside the model's folder.</exception>
    public static ModelFile Load(string path, long largestCopied = GraphFileReader.LargestCopied)
    {
        if (!File.Exists(path))
        {
            throw new RefusedException($"there is no graph at '{path}'");
        }

        var (model, sha256, mapped) = GraphFileReader.Read(path, largestCopied, bytes => Parse(path, bytes));
        var file = new ModelFile(path, model, sha256, mapped);
        try
        {
            file.Reopen();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Finds the tensors once more, after the model got others.</summary>
    public void Reopen() => Tensors = [.. TensorsOf(Model).Select(entry => Open(entry.Name, entry.Tensor))];

    /// <summary>
    /// The tensors of a model with the names under which nodes read them, in the order of <see cref="Tensors"/>; those
    /// of inner graphs and of functions have the name of what holds them before their own.
    /// </summary>
    public static IEnumerable<(string Name, TensorProto Tensor)> TensorsOf(ModelProto model) =>
        TensorsOf(model.Graph.Initializer, model.Graph.Node, "").Concat(model.Functions.SelectMany(
            function => TensorsOf([], function.Node, $"{function.Domain}.{function.Name}/{function.Overload}/")));

    public void Dispose() => _external.Dispose();

    private static IEnumerable<(string Name, TensorProto Tensor)> TensorsOf(
        IEnumerable<TensorProto> initializers, IEnumerable<NodeProto> nodes, string scope)
    {
        foreach (var tensor in initializers)
        {
            yield return (scope + tensor.Name, tensor);
        }

        foreach (var (node, place) in nodes.Select((node, place) => (node, place)))
        {
            if (HeldTensors.ValueOf(node) is { } value)
            {
                yield return (scope + node.Output[0], value);
            }

            var inner = node.Attribute.Where(attribute => attribute.G is not null).SelectMany(attribute => TensorsOf(
                attribute.G.Initializer, attribute.G.Node, $"{scope}{node.OpType}{place}/{attribute.Name}/"));
            foreach (var entry in inner)
            {
                yield return entry;
            }
        }
    }

    private static ModelProto Parse(string path, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            // What no field is known for is dropped: it would get into a package unseen.
            var model = ModelProto.Parser.WithDiscardUnknownFields(true).ParseFrom(bytes.Span);
            if (model.Graph is not { Node.Count: > 0 } graph)
            {
                throw new RefusedException($"'{path}' is not an ONNX graph: it has no nodes");
            }

            UnreadAttributes.Drop(model);
            TensorPlaces.RefuseOthers(path, model);
            TensorPlaces.TurnLists(model);
            RefuseDoubles(path, graph.Input.Select(input => input.Name));
            RefuseDoubles(path, graph.Output.Select(output => output.Name));
            RefuseDoubles(path, graph.Initializer.Select(tensor => tensor.Name));
            NodeOrder.Sort(graph);
            return model;
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new RefusedException($"'{path}' is not an ONNX graph, or is truncated", e);
        }
    }

    private static void RefuseDoubles(string path, IEnumerable<string> names)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (names.FirstOrDefault(name => !seen.Add(name)) is { } twice)
        {
            throw new RefusedException($"'{path}' is not an ONNX graph: it names '{twice}' twice");
        }
    }

    private GraphTensor Open(string name, TensorProto proto) =>
        proto.DataLocation == TensorProto.Types.DataLocation.External
            ? _external.Open(name, proto)
            : InlineData.Open(name, proto);
}
