using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Caches;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Ports;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Opens a graph of another exporter: finds the cut and describes what was found as an export would.</summary>
internal static class ForeignModel
{
    private const string ClientFile = "embedding.onnx";
    private const string VisionFile = "vision.onnx";
    private const string MainFile = "model.onnx";
    private const int FirstOpsetWithShapeEnds = 15;

    /// <param name="path">The ONNX file.</param>
    /// <param name="among">What it is among several graphs of a model, whose files keep their names apart; null for
    /// the only one.</param>
    /// <param name="clientLayers">First layers that are the client's.</param>
    /// <exception cref="RefusedException">The graph cannot be opened or cut.</exception>
    public static PlainModel Open(string path, string? among = null, int clientLayers = 0)
    {
        var file = ModelFile.Load(path);
        try
        {
            GeneratingOperators.Refuse(file.Graph);

            // The cut renames what crosses it; inputs and weights, which tell lengths, stay as they are.
            if (InlinedCalls.Apply(file.Model))
            {
                file.Reopen();
            }

            var whole = file.Graph;
            AxisNames.Complete(whole);
            var shapesHaveEnds = Opset(file.Model) >= FirstOpsetWithShapeEnds;
            var uses = new PortUses(whole, file.Model.Functions);
            BranchHoist.Apply(whole, shapesHaveEnds, uses);
            ValueInfoProto[] inputs = [.. whole.Input];
            var constants = new Constants(whole);
            var limits = InputLimits.Find(whole, constants, uses);
            var grown = GrownAxes.Of(whole, file.Model.Functions);
            var cut = ClientCut.Find(whole, shapesHaveEnds, uses);
            cut = among == GraphRoles.Encoder ? FramesAsRows.Of(cut) : cut;
            var caches = CachePairs.Find(cut.Cloud, file.Model.Functions, cut.Sent);
            caches = among is not null ? caches : [.. caches, .. StatePairs.Find(cut, inputs, uses, caches, limits)];
            var role = among ?? RoleOf(cut, caches.Count > 0);
            var files = among is null
                ? (Client: ClientFile, Cloud: role == GraphRoles.Vision ? VisionFile : MainFile)
                : (Client: $"{among}_{ClientFile}", Cloud: Path.GetFileName(path));
            if (clientLayers != 0)
            {
                cut = cut with { Cloud = SplitNorms.Of(cut.Cloud) };
                cut = ForeignLayers.Move(Parts(file, cut, role, files)[^1], cut, caches, clientLayers);
            }

            var read = new Whole(path, file, inputs, constants, uses, limits, grown);
            return Describe(read, cut, caches, (role, among), files, clientLayers);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static PlainModel Describe(
        Whole whole,
        ClientCut cut,
        IReadOnlyList<CacheTensorManifest> caches,
        (string Role, string? Among) place,
        (string Client, string Cloud) files,
        int clientLayers)
    {
        var (role, among) = place;
        var (uses, limits) = (whole.Uses, whole.Limits);
        CacheTensorManifest[] own = [.. caches.Where(cache => IsOf(cache, cut.Client))];
        CacheTensorManifest[] rest = [.. caches.Except(own)];
        var parts = Parts(whole.File, cut, role, files);
        var step = new StepInputs(cut.Cloud, uses, new AxisRoles(whole.Inputs, uses, grown: whole.Grown));
        var ports = among is not null
            ? ForeignPorts.OfSequence(cut, uses, rest, limits, isEncoder: role == GraphRoles.Encoder)
            : role == GraphRoles.Decoder ? ForeignPorts.OfStep(cut, uses, rest, limits, step)
            : ForeignPorts.OfPass(cut, uses, limits, isOfTexts: role != GraphRoles.Vision);
        var made = role != GraphRoles.Decoder || among is not null ? null
            : step.Of([.. cut.Sent, .. rest.Select(cache => cache.Past)], ports);
        var manifest = ForeignManifest.Describe(whole.File, cut, role, files.Cloud, limits, rest, ports, made) with
        {
            ClientLayers = clientLayers == 0 ? null : clientLayers,
            TiedEmbeddings = TiedTables.Any(parts),
            ClientGraphs = ClientGraphs.Describe(cut, role, files.Client, own, among is null ? uses : null),
        };
        parts[0] = parts[0] with { States = [.. own.Select(cache => (cache.Past, cache.Present))] };
        parts[^1] = parts[^1] with
        {
            States = [.. rest.Select(cache => (cache.Past, cache.Present))],
            Logits = manifest.Graphs[role].NameOf(GraphManifest.Logits),
        };
        return new PlainModel(Path.GetDirectoryName(Path.GetFullPath(whole.Path))!, manifest, [whole.File], parts)
        {
            Sources =
            [
                SourceOf(whole, role, cut, own) with
                {
                    HasCaches = caches.Count > 0,
                    States = StatePairs.NamesOf(caches),
                },
            ],
        };
    }

    private static ForeignSource SourceOf(
        Whole whole, string role, ClientCut cut, CacheTensorManifest[] caches) => new(
            whole.Path,
            role,
            [.. whole.Inputs.Where(input => !whole.Constants.Has(input.Name))],
            whole.Limits,
            cut.Features)
        {
            Uses = whole.Uses,
            Switches = new SwitchAxes(whole.File.Graph, whole.Uses),
            Open = cut.Open,
            Taken = cut.Taken,
            TokenNames = cut.Client is null ? null : TokenNames.Of(cut.Client, whole.Uses),
            Signals = SignalsOf(cut, caches),
            Lengths = KnownAxes.Of(whole.File.Graph).Concat(KnownAxes.Windows(whole.File.Graph))
                .ToDictionary(StringComparer.Ordinal),
            Multiples = KnownAxes.Multiples(whole.File.Graph),
            Grown = whole.Grown,
            Window = KnownAxes.Windows(whole.File.Graph).Values.DefaultIfEmpty(0).Max(),
            Pictures = KnownAxes.Pictures(whole.File.Graph),
            FixedLength = KnownAxes.SequenceLength(whole.File.Graph, whole.Uses),
        };

    private static long Opset(ModelProto model) =>
        model.OpsetImport.Where(set => set.Domain is "" or "ai.onnx").Select(set => set.Version).FirstOrDefault(1);

    private static bool IsOf(CacheTensorManifest cache, GraphProto? graph) =>
        graph?.Input.Any(input => input.Name == cache.Past) == true;

    // Features go to the server, so that floats the client's graph takes are pictures and sounds, or its layers' own.
    private static HashSet<string> SignalsOf(ClientCut cut, CacheTensorManifest[] caches) => cut.Client is null ? [] :
    [
        .. cut.Client.Input.Where(ElementTypes.AreQuantities).Select(input => input.Name)
            .Except(caches.Select(cache => cache.Past)),
    ];

    private static string RoleOf(ClientCut cut, bool hasCaches)
    {
        var given = cut.Cloud.Input.Select(input => input.Name);
        return hasCaches || given.Any(name => name.StartsWith("past", StringComparison.Ordinal)) ? GraphRoles.Decoder
            : cut.Client is { Input.Count: > 0 and var count } && count == SignalsOf(cut, []).Count
            ? GraphRoles.Vision
            : GraphRoles.Encoder;
    }

    private static GraphPart[] Parts(
        ModelFile file, ClientCut cut, string role, (string Client, string Cloud) files)
    {
        var tensors = file.Tensors.ToDictionary(
            tensor => tensor.Proto, (IEqualityComparer<TensorProto>)ReferenceEqualityComparer.Instance);
        var cloud = Part(false, files.Cloud, cut.Cloud);
        return cut.Client is null ? [cloud] : [Part(true, files.Client, cut.Client), cloud];

        GraphPart Part(bool isClient, string name, GraphProto graph)
        {
            var model = new ModelProto { IrVersion = file.Model.IrVersion, Graph = graph };
            model.OpsetImport.Add(file.Model.OpsetImport);
            model.Functions.Add(UsedFunctions.Of(file.Model, graph));
            return new GraphPart(
                role,
                isClient,
                name,
                model,
                [.. ModelFile.TensorsOf(model).Select(entry => tensors[entry.Tensor].Named(entry.Name))])
            {
                SizedBy = file.Graph,
                DataFolder = file.DataFolder,
                Sends = isClient ? cut.Features : [],
            };
        }
    }

    /// <summary>A graph before it was cut, and what its inputs are.</summary>
    private sealed record Whole(
        string Path,
        ModelFile File,
        ValueInfoProto[] Inputs,
        Constants Constants,
        PortUses Uses,
        IReadOnlyDictionary<string, long> Limits,
        IReadOnlyDictionary<string, AxisRole> Grown);
}
