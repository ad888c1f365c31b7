using System.Text.Json;
using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Caches;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Cut;

/// <summary>What export.json would say of a graph that came without one.</summary>
internal static class ForeignManifest
{
    // What is not told by any table: long enough for use, and only a bound.
    private const int UnknownContextLength = 4096;

    public static ExportManifest Describe(
        ModelFile file,
        ClientCut cut,
        string role,
        string cloudFile,
        IReadOnlyDictionary<string, long> limits,
        IReadOnlyList<CacheTensorManifest> caches,
        IReadOnlyDictionary<string, string>? ports,
        IReadOnlyList<StepInputManifest>? made)
    {
        var graph = WithCache(
            new GraphManifest(
                cloudFile,
                GrownLengths.Joined(GraphSignature.Inputs(cut.Cloud), cut.Cloud, file.Model.Functions, caches),
                GraphSignature.Outputs(cut.Cloud))
            {
                Ports = ports,
            },
            cut.Cloud, caches, made);
        var vocabulary = VocabularyOf(graph, role, limits);
        var type = FeatureType(cut);
        var settings = SourceSettings.Read(Path.GetDirectoryName(Path.GetFullPath(file.FilePath)) ?? "");
        var described = new ExportManifest(
            ExportManifest.CurrentFormat,
            NameOf(file.FilePath),
            role switch
            {
                GraphRoles.Decoder => ModelKinds.Decoder,
                GraphRoles.Vision => ModelKinds.Image,
                _ => ModelKinds.Encoder,
            },
            Architecture: "",
            HiddenSizeOf(cut),
            vocabulary,
            Math.Min(
                ContextLengthOf(limits, graph, made)
                    ?? (role == GraphRoles.Encoder ? settings.EncoderLength : settings.DecoderLength)
                    ?? settings.ContextLength ?? UnknownContextLength,
                Math.Min(
                    Math.Min(
                        RotaryPositionsOf(cut.Cloud), role == GraphRoles.Encoder ? FixedLengthOf(cut) : int.MaxValue),
                    StatePairs.Length(cut.Cloud, file.Model.Functions, caches) ?? int.MaxValue)),
            type,
            type,
            TiedEmbeddings: false,
            settings.BosTokenId,
            settings.EosTokenIds,
            new EmbeddingManifest([]),
            new Dictionary<string, GraphManifest>
            {
                [role] = graph,
            });
        return Named(described, settings);
    }

    /// <summary>A manifest with the names of what its one graph tells apart, where it has none and as many are said.
    /// </summary>
    public static ExportManifest Named(ExportManifest manifest, SourceSettings settings)
    {
        var tellsApart = manifest is { Labels: null, Kind: ModelKinds.Encoder or ModelKinds.Image }
            && manifest.Graphs.Count == 1
            && LogitsOf(manifest.Graphs.Values.Single())?.Shape
                is [_, .., { ValueKind: JsonValueKind.Number } last] and { Count: 2 or 3 }
            && settings.Labels.Count > 0 && last.GetInt32() == settings.Labels.Count;
        return !tellsApart ? manifest
            : manifest with { Labels = settings.Labels, LabelScores = settings.LabelScores };
    }

    /// <summary>A model's name by its file, or by its folder where the file has none of its own.</summary>
    public static string NameOf(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        var place = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "";
        var folder = Path.GetFileName(HubFolder.Of(place) ?? place);
        var chosen = string.Concat((name == "model" && folder.Length > 0 ? folder : name)
            .Select(c => char.IsAsciiLetterOrDigit(c) || "._-".Contains(c) ? c : '-')).TrimStart('.', '_', '-');
        return chosen.Length > 0 ? chosen : "model";
    }

    private static GraphManifest WithCache(
        GraphManifest graph,
        GraphProto cloud,
        IReadOnlyList<CacheTensorManifest> caches,
        IReadOnlyList<StepInputManifest>? made) => graph with
        {
            Cache = ForeignCache.Describe(cloud, caches) is { } cache
            ? cache with { Inputs = made, SequenceFirst = RowOrder.IsSequenceFirst(graph, caches) }
            : null,
        };

    private static TensorManifest? LogitsOf(GraphManifest graph)
    {
        var name = graph.NameOf(DecoderPorts.Logits);
        return graph.Outputs.FirstOrDefault(output => output.Name == name);
    }

    private static int VocabularyOf(
        GraphManifest graph, string role, IReadOnlyDictionary<string, long> limits)
    {
        var logits = LogitsOf(graph);
        return logits is { Shape: [.., var last] } && last.ValueKind == JsonValueKind.Number ? last.GetInt32()
            : (logits is null || role == GraphRoles.Decoder) && limits.Count > 0 ? checked((int)limits.Values.Max())
            : 0;
    }

    private static int HiddenSizeOf(ClientCut cut)
    {
        var sizes = cut.Cloud.Input.Where(input => cut.Features.Contains(input.Name)
                || (cut.Features.Count == 0 && ElementTypes.IsFloat((DataType)input.Type.TensorType.ElemType)))
            .Select(input => ForeignPorts.Features(cut, input));
        return checked((int)sizes.FirstOrDefault(size => size > 0));
    }

    private static string FeatureType(ClientCut cut)
    {
        var port = cut.Cloud.Input.FirstOrDefault(input => cut.Features.Contains(input.Name))
            ?? cut.Cloud.Input.FirstOrDefault(input => ElementTypes.IsFloat((DataType)input.Type.TensorType.ElemType));
        return OnnxDtypes.FromOnnx(port?.Type.TensorType.ElemType ?? 0)?.WireName() ?? "float32";
    }

    // Of a graph that takes texts of one length only.
    private static int FixedLengthOf(ClientCut cut) => (int)cut.Cloud.Input
        .Where(input => cut.Features.Contains(input.Name) && input.Type.TensorType.Shape?.Dim.Count == 3)
        .Select(input => Math.Min(input.Type.TensorType.Shape.Dim[1].DimValue, int.MaxValue))
        .Where(length => length > 0).DefaultIfEmpty(int.MaxValue).Min();

    // A token behind the rows of a rotary table fails in the runtime.
    private static int RotaryPositionsOf(GraphProto cloud)
    {
        var tables = cloud.Node.SelectMany(node => node switch
        {
            { OpType: "GroupQueryAttention" } => node.Input.Skip(7).Take(2),
            { OpType: "RotaryEmbedding", Domain: "com.microsoft" } => node.Input.Skip(2).Take(2),
            { OpType: "RotaryEmbedding" } => node.Input.Skip(1).Take(2),
            _ => [],
        }).ToHashSet(StringComparer.Ordinal);
        return (int)HeldTensors.Of(cloud).Where(held => held.Tensor.Dims.Count == 2 && tables.Contains(held.Name))
            .Select(held => Math.Min(held.Tensor.Dims[0], int.MaxValue)).DefaultIfEmpty(int.MaxValue).Min();
    }

    private static int? ContextLengthOf(
        IReadOnlyDictionary<string, long> limits, GraphManifest graph, IReadOnlyList<StepInputManifest>? made) =>
        limits.Where(limit => limit.Key.Contains("position", StringComparison.Ordinal)
                || limit.Key == graph.NameOf(GraphManifest.Positions)
                || made?.Any(input => input.Name == limit.Key && input.Value is StepInputManifest.Positions
                    or StepInputManifest.Past or StepInputManifest.Last or StepInputManifest.Total) == true)
            .Select(limit => (int?)checked((int)limit.Value)).Min();
}
