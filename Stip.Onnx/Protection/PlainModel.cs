using System.Security.Cryptography;
using System.Text;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Protection;

/// <summary>A model, opened and checked: what is to be protected.</summary>
internal sealed class PlainModel : IDisposable
{
    private readonly IReadOnlyList<ModelFile> _files;

    public PlainModel(string folder, ExportManifest manifest, IReadOnlyList<ModelFile> files, GraphPart[] parts)
    {
        Folder = folder;
        Manifest = manifest;
        _files = files;
        Parts = parts;
    }

    public string Folder { get; }

    /// <summary>What <c>export.json</c> says, or what was found in a graph that came without one.</summary>
    public ExportManifest Manifest { get; }

    /// <summary>Its graphs; what feeds another comes before it.</summary>
    public IReadOnlyList<GraphPart> Parts { get; }

    public IReadOnlyList<PortJoin> Joins => Manifest.Joins ?? [];

    /// <summary>True where the client looks rows up in <c>embedding.safetensors</c>.</summary>
    public bool HasTables => Manifest.Embedding.Tensors.Count > 0;

    /// <summary>SHA-256 of the graph file; of several, that of their digests.</summary>
    public string Fingerprint => _files.Count == 1
        ? _files[0].Sha256
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(
            string.Concat(_files.Select(file => file.Sha256)))));

    /// <summary>The graphs of another exporter that this model was cut out of; none for a folder of export.</summary>
    public IReadOnlyList<ForeignSource> Sources { get; init; } = [];

    /// <summary>Inputs of the server's graphs that were found to cross as they are, e.g. <c>input 'mask'</c>.</summary>
    public IEnumerable<string> Clear =>
        Sources.SelectMany(source => source.Open).Distinct().Select(name => $"input '{name}'");

    public IReadOnlyList<ModelFile> Files => _files;

    /// <summary>Opens a folder of export, or a graph of another exporter.</summary>
    /// <param name="path">The folder, or an ONNX file.</param>
    /// <param name="clientLayers">First layers of a decoder that are the client's.</param>
    /// <exception cref="RefusedException">It is none, or its parts do not fit each other.</exception>
    public static PlainModel Open(string path, int clientLayers)
    {
        if (clientLayers != 0 && ForeignGraphOf(path) is { } graph)
        {
            return ForeignModel.Open(graph, clientLayers: clientLayers);
        }

        var model = Open(path);
        try
        {
            return clientLayers == 0 ? model : model.WithClientLayers(clientLayers);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Opens a model whose layers are all the server's.</summary>
    /// <param name="path">The folder, or an ONNX file.</param>
    /// <exception cref="RefusedException">It is none, or its parts do not fit each other.</exception>
    public static PlainModel Open(string path)
    {
        return ForeignGraphOf(path) is { } graph ? ForeignModel.Open(graph)
            : ExportFolder.Exists(path) ? OpenExport(path)
            : EncoderDecoderFolder.Open(path);
    }

    // The one graph of a model that export did not write.
    private static string? ForeignGraphOf(string path)
    {
        RefuseProtected(path);
        return !Directory.Exists(path) ? path
            : ExportFolder.Exists(path) || EncoderDecoderFolder.Is(path) ? null
            : OnlyGraphOf(path);
    }

    private static PlainModel OpenExport(string path)
    {
        var manifest = ExportFolder.ReadManifest(path);
        var files = new List<ModelFile>();
        try
        {
            var parts = Entries(manifest).Select(entry =>
            {
                files.Add(ModelFile.Load(Path.Combine(path, entry.File)));
                return GraphPart.Of(files[^1], entry.Role, entry.IsClient) with { HasAlikeRows = true };
            }).ToArray();
            var model = new PlainModel(path, manifest, files, parts);
            ExportChecks.RefuseMisfits(model);
            return model;
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    private PlainModel WithClientLayers(int layers)
    {
        if (Manifest.Kind == ModelKinds.Image && Parts is [{ IsClient: true } patches, { IsClient: false } rest])
        {
            var (first, others, made) = PictureLayers.Split(Manifest, patches, rest, layers);
            return new PlainModel(Folder, made, _files, [first, others]);
        }

        var isOfTexts = Manifest.Kind is ModelKinds.Decoder or ModelKinds.Encoder && HasTables;
        if (Sources.Count > 0 || !isOfTexts || Parts.Count > 1 || layers < 0)
        {
            throw new RefusedException(
                $"{layers} client layers of '{Folder}': a decoder or an encoder of texts or pictures that export wrote "
                + "can leave 0 or more to the client, and so can one graph of another exporter; other models none");
        }

        var (client, cloud, manifest) = ClientLayers.Split(Manifest, Parts[0], layers);
        return new PlainModel(Folder, manifest, _files, [client, cloud]);
    }

    /// <summary>The same files with a node whose cells all stay; what was opened once is closed once.</summary>
    /// <param name="key">The graph.</param>
    /// <param name="output">The first output of the node.</param>
    public PlainModel Holding(string key, string output) => new(Folder, Manifest, _files, [.. Parts.Select(part =>
        part.Key != key ? part
            : part with { Held = part.Held.Append(output).ToHashSet(StringComparer.Ordinal) })])
    {
        Sources = Sources,
    };

    /// <summary>Where the weights of a part lie.</summary>
    public string FolderOf(GraphPart part) => part.DataFolder ?? Folder;

    public GraphPart Part(string key) => Parts.First(part => part.Key == key);

    public void Dispose()
    {
        foreach (var file in _files)
        {
            file.Dispose();
        }
    }

    // Vision feeds the decoder, and a client's graph comes before what it feeds.
    private static IEnumerable<(string Role, bool IsClient, string File)> Entries(ExportManifest manifest) =>
        manifest.Graphs.OrderBy(graph => graph.Key == GraphRoles.Vision ? 0 : 1)
            .ThenBy(graph => graph.Key, StringComparer.Ordinal)
            .SelectMany(graph => manifest.ClientGraphs?.GetValueOrDefault(graph.Key) is { } client
                ? [(graph.Key, true, client.File), (graph.Key, false, graph.Value.File)]
                : new[] { (graph.Key, false, graph.Value.File) });

    private static string OnlyGraphOf(string folder)
    {
        string[] graphs = Directory.GetFiles(folder, "*.onnx");
        string[] named = graphs.Length == 0 ? [.. HubFolder.GraphsBelow(folder)]
            : [.. graphs.Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        return graphs.Length == 1 ? graphs[0] : throw new RefusedException(
            $"'{folder}' has no {ExportManifest.FileName} and {graphs.Length} graphs; give a folder that export wrote, "
            + "or one ONNX file" + (named.Length == 0 ? "" : $" ({string.Join(", ", named)})"));
    }

    private static void RefuseProtected(string path)
    {
        var folder = System.IO.File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path)) ?? "" : path;
        if (PackageFolder.IsPackage(folder))
        {
            throw new RefusedException($"'{path}' is a protected package already; give the plain model");
        }

        if (!System.IO.File.Exists(path) && !Directory.Exists(path))
        {
            throw new RefusedException($"there is no folder or graph '{path}'");
        }
    }
}
