using Stip.Keys.Bundles;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Caches;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.Cut;

/// <summary>
/// A folder of an encoder and a decoder in files of their own, as Optimum writes T5, BART and Whisper: each is cut by
/// itself, and what one gives another is permuted the same on both sides.
/// </summary>
internal static class EncoderDecoderFolder
{
    private const string EncoderFile = "encoder_model.onnx";
    private const string MergedFile = "decoder_model_merged.onnx";
    private const string FirstStepFile = "decoder_model.onnx";
    private const string NextStepsFile = "decoder_with_past_model.onnx";

    /// <summary>True for a folder with an encoder and a decoder.</summary>
    public static bool Is(string folder) => File.Exists(Path.Combine(folder, EncoderFile)) && Decoders(folder).Any();

    /// <summary>Opens the graphs of such a folder. Where a folder has a decoder in two files and merged,
    /// the two are taken, which servers run.</summary>
    /// <exception cref="RefusedException">A graph cannot be opened or cut.</exception>
    public static PlainModel Open(string folder)
    {
        if (Decoders(folder).All(decoder => decoder.Role != GraphRoles.Decoder))
        {
            throw new RefusedException(
                $"'{folder}' has {NextStepsFile} alone; the first step needs {FirstStepFile} or {MergedFile}");
        }

        var opened = new List<PlainModel>();
        try
        {
            opened.Add(ForeignModel.Open(Path.Combine(folder, EncoderFile), GraphRoles.Encoder));
            opened.AddRange(Decoders(folder).Select(
                decoder => ForeignModel.Open(Path.Combine(folder, decoder.File), decoder.Role)));
            return Together(folder, opened);
        }
        catch
        {
            opened.ForEach(model => model.Dispose());
            throw;
        }
    }

    /// <summary>File of one of its graphs.</summary>
    /// <exception cref="RefusedException">The folder has no such decoder.</exception>
    public static string FileOf(string folder, string role) => Path.Combine(folder, role == GraphRoles.Encoder
        ? EncoderFile
        : Decoders(folder).FirstOrDefault(decoder => decoder.Role == role).File
            ?? throw new RefusedException($"{folder} has no {FirstStepFile} or {MergedFile}"));

    private static IEnumerable<(string Role, string File)> Decoders(string folder)
    {
        (string Role, string File)[] two =
            [(GraphRoles.Decoder, FirstStepFile), (GraphRoles.DecoderWithPast, NextStepsFile)];
        return !two.All(IsThere) && IsThere((GraphRoles.Decoder, MergedFile))
            ? [(GraphRoles.Decoder, MergedFile)]
            : two.Where(IsThere);

        bool IsThere((string Role, string File) entry) => File.Exists(Path.Combine(folder, entry.File));
    }

    private static PlainModel Together(string folder, List<PlainModel> opened)
    {
        var decoder = opened[1].Manifest;
        GraphPart[] parts = [.. opened.SelectMany(model => model.Parts)];
        var own = opened.SelectMany(model => model.Manifest.Graphs)
            .ToDictionary(graph => graph.Key, graph => graph.Value, StringComparer.Ordinal);
        var joins = SequenceJoins.Find([.. parts.Where(part => !part.IsClient)], own);
        var graphs = Graphs(own, parts, joins);
        // Patches of a picture and moments of a sound are as many as its size says, whatever a text may have.
        var sourceLength = PatchCount.Most(parts[0]) ?? FrameCount.Most(parts[0]) ?? opened[0].Manifest.ContextLength;
        var manifest = decoder with
        {
            Kind = ModelKinds.EncoderDecoder,
            Model = ForeignManifest.NameOf(Path.Combine(folder, "model.onnx")),
            TiedEmbeddings = TiedTables.Any(parts),
            SourceLength = sourceLength,
            Sequence = SourceSettings.Read(folder).Sequence(sourceLength),
            Graphs = graphs,
            ClientGraphs = opened.SelectMany(ClientGraphs)
                .ToDictionary(graph => graph.Key, graph => graph.Value, StringComparer.Ordinal),
            Joins = joins,
        };
        parts = [.. parts.Select(part => WithStates(part, graphs))];
        return new PlainModel(folder, manifest, [.. opened.SelectMany(model => model.Files)], parts)
        {
            Sources = [.. opened.SelectMany(model => model.Sources)],
        };
    }

    private static Dictionary<string, GraphManifest> Graphs(
        Dictionary<string, GraphManifest> own, GraphPart[] parts, IReadOnlyList<PortJoin> joins)
    {
        var graphs = own.ToDictionary(
            graph => graph.Key, graph => SequencePorts.Of(graph.Key, graph.Value, joins), StringComparer.Ordinal);
        var first = graphs[GraphRoles.Decoder];
        if (graphs.TryGetValue(GraphRoles.DecoderWithPast, out var next))
        {
            next = graphs[GraphRoles.DecoderWithPast] = next with
            {
                Cache = SequenceCaches.Find(
                    Part(GraphRoles.Decoder, isClient: false)!,
                    Part(GraphRoles.DecoderWithPast, isClient: false)!,
                    [.. Part(GraphRoles.DecoderWithPast, isClient: true)?.Graph.Output.Select(port => port.Name) ?? []],
                    joins) ?? next.Cache,
            };
            graphs[GraphRoles.Decoder] = SequencePorts.WithPresents(first, next.Cache?.Tensors ?? [], joins);
        }
        else
        {
            string[] others = [first.NameOf(GraphManifest.Embeds), first.NameOf(GraphManifest.EncoderStates)];
            graphs[GraphRoles.Decoder] = first with
            {
                Cache = SequenceCaches.FindMerged(Part(GraphRoles.Decoder, isClient: false)!, others) ?? first.Cache,
            };
        }

        return graphs;

        GraphPart? Part(string role, bool isClient) =>
            Array.Find(parts, part => part.Role == role && part.IsClient == isClient);
    }

    // Of a merged decoder, what its names did not tell: what a source gave is given on as it came.
    private static GraphPart WithStates(GraphPart part, Dictionary<string, GraphManifest> graphs) =>
        part.IsClient || part.Role != GraphRoles.Decoder || graphs[part.Role].Cache is not { Cross: { } cross } cache
            ? part
            : part with
            {
                States = [.. part.States.Union(
                    cross.Concat(cache.Tensors ?? []).Select(tensor => (tensor.Past, tensor.Present)))],
            };

    // What the client's graph takes under a name of its own is told by what it does with it.
    private static IEnumerable<KeyValuePair<string, ClientGraphManifest>> ClientGraphs(PlainModel model) =>
        (model.Manifest.ClientGraphs ?? new Dictionary<string, ClientGraphManifest>())
            .Select(graph => KeyValuePair.Create(graph.Key, graph.Value with
            {
                Ports = SequencePorts.OfClient(graph.Value, model.Sources[0]),
            }));
}
