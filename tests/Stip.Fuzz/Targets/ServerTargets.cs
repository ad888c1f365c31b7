using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Stip.Api.Engine;
using Stip.Api.Registry.ApiKeys;
using Stip.Api.Registry.Packages;
using Stip.Protocol.Packages;
using AttributeProto = Stip.Onnx.Model.AttributeProto;
using ModelProto = Stip.Onnx.Model.ModelProto;
using NodeProto = Stip.Onnx.Model.NodeProto;

namespace Stip.Fuzz.Targets;

/// <summary>What the server reads of keys and packages.</summary>
internal static class ServerTargets
{
    public static FuzzTarget ApiKey()
    {
        var value = ApiKeyValue.Make("key_1");
        var directory = new KeyDirectory(TimeProvider.System);
        directory.Show(
        [
            new ApiKeyRecord(
                "key_1", "user", [new ApiKeySecret(ApiKeyValue.Hash(value), ApiKeyValue.Redact(value), null)],
                ["infer"], DateTimeOffset.UnixEpoch, null, null, null),
        ]);
        return new FuzzTarget("api-key", [Encoding.UTF8.GetBytes(value)], input =>
        {
            var text = Encoding.UTF8.GetString(input);
            if (directory.Find(text) is not null != (text == value))
            {
                throw new InvalidOperationException("another value is as good as the key's");
            }
        });
    }

    public static FuzzTarget OnnxReferences() => new(
        "onnx-references",
        [ModelTargets.Graph(), Bounded()],
        input =>
        {
            Api.Registry.Packages.OnnxReferences.Read(input);
            var outline = GraphOutline.Read(input).Graph;
            RotaryRows.Shortest(outline);
            _ = BoundedCacheFaults.Of(new CacheManifest("shared", 1, 1, 8), outline).Count();
        },
        typeof(InvalidDataException));

    // With a cache that a window bounds.
    private static byte[] Bounded()
    {
        var model = ModelProto.Parser.ParseFrom(ModelTargets.Graph());
        var attention = new NodeProto { OpType = "GroupQueryAttention", Domain = "com.microsoft" };
        attention.Input.AddRange(["q", "k", "v", "past_key_values.0.key", "past_key_values.0.value"]);
        foreach (var (name, number) in new[] { ("local_window_size", 8L), ("sliding_window_cache", 1L) })
        {
            attention.Attribute.Add(
                new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = number });
        }

        model.Graph.Node.Add(attention);
        return Google.Protobuf.MessageExtensions.ToByteArray(model);
    }

    public static FuzzTarget StipJson(string scratch)
    {
        var folder = Directory.CreateDirectory(Path.Combine(scratch, "package")).FullName;
        var graph = ModelTargets.Graph();
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), graph);
        PackageFile[] files =
            [new("model.onnx", graph.Length, Convert.ToHexStringLower(SHA256.HashData(graph)))];
        var rows = new TensorManifest("inputs_embeds", "float32", Shape("\"batch\"", "\"seq\"", "4"));
        var manifest = new PackageManifest(
            PackageManifest.CurrentProtocol, "m", "i", 1, "permutation", "full", PackageFingerprint.Compute(files), 4,
            8, 16, "float32", 4,
            new Dictionary<string, GraphManifest>
            {
                ["decoder"] = new(
                    "model.onnx", [rows], [new("logits", "float32", Shape("\"rows\"", "8"))],
                    new CacheManifest("shared", 1, 1, 8)),
                ["encoder"] = new("model.onnx", [rows], [rows]),
            },
            files);
        var listed = manifest with
        {
            Graphs = new Dictionary<string, GraphManifest>
            {
                ["decoder"] = new(
                    "model.onnx", [rows, new("a", "float32", Shape("\"batch\"", "2", "\"past\"", "8"))],
                    [new("logits", "float32", Shape("\"batch\"", "\"seq\"", "8")), new("b", "float32", [])],
                    new CacheManifest("growing", 1, 2, 8)
                    {
                        Tensors = [new("a", "b", Shape("\"batch\"", "2", "\"length\"", "8"))],
                    }),
            },
        };
        var pair = manifest with
        {
            SourceLength = 4,
            Graphs = new Dictionary<string, GraphManifest>(listed.Graphs)
            {
                ["encoder"] = new("model.onnx", [rows], [rows with { Name = "last_hidden_state" }]),
                ["decoder_with_past"] = listed.Graphs["decoder"] with
                {
                    Cache = listed.Graphs["decoder"].Cache! with
                    {
                        Cross = [new("c", "d", Shape("\"batch\"", "2", "\"length\"", "8"))],
                    },
                },
            },
        };
        var packages = new PackageFolder(new NoRuntime());
        var path = Path.Combine(folder, PackageManifest.FileName);
        return new FuzzTarget(
            "stip-json",
            [.. new[] { manifest, listed, pair }.Select(seed =>
                JsonSerializer.SerializeToUtf8Bytes(seed, Protocol.StipJson.File))],
            input =>
            {
                File.WriteAllBytes(path, input);
                if (PackageFolder.ReadManifest(path).Manifest is not { } read)
                {
                    return;
                }

                // A damaged list of files seldom has the fingerprint that it says; what is behind it is read all the
                // same.
                var faults = ManifestFaults.Of(read).ToArray();
                if (read.Files is not null && read.Files.All(file => file is { Path: not null, Sha256: not null }))
                {
                    read = read with { Fingerprint = PackageFingerprint.Compute(read.Files) };
                    faults = [.. ManifestFaults.Of(read)];
                }

                // As at a registration: graphs are looked at whatever else is wrong.
                if (ManifestFaults.ListsFiles(read))
                {
                    faults = [.. faults, .. packages.Faults(folder, read)];
                }

                Judge(faults, read);
            },
            typeof(InvalidDataException));
    }

    // A refusal is told by the words of its faults, so that an input with new ones is kept.
    private static void Judge(string[] faults, PackageManifest read)
    {
        foreach (var graph in (read.Graphs?.Values ?? []).Where(HasNames))
        {
            faults = [.. faults, .. GraphFaults.OfDecoder(read, graph)];
        }

        if (Roles.AreOfSequence(read) && read.Graphs!.Values.All(AreNamed))
        {
            faults = [.. faults, .. SequenceFaults.Of(read)];
        }

        if (faults.Length > 0)
        {
            throw new InvalidDataException(string.Join("; ", faults));
        }
    }

    private static bool HasNames(GraphManifest? graph) =>
        graph is { Cache: not null } && AreNamed(graph);

    private static bool AreNamed(GraphManifest? graph) =>
        graph is { Inputs.Count: > 0, Outputs.Count: > 0 }
        && graph.Inputs.Concat(graph.Outputs).All(
            tensor => tensor is { Name: not null, Dtype: not null, Shape: not null });

    private static JsonElement[] Shape(params string[] axes) =>
        [.. axes.Select(axis => JsonDocument.Parse(axis).RootElement.Clone())];

    // Whatever the manifest says, the graph has nothing of it.
    private sealed class NoRuntime : IGraphRuntime
    {
        public string Provider => "none";

        public IDecoder LoadDecoder(DecoderSnapshot decoder) => throw new NotSupportedException();

        public IForwardGraph LoadForward(string graphPath) => throw new NotSupportedException();

        public GraphSignature Inspect(string graphPath) => new(
            new Dictionary<string, TensorSignature> { ["inputs_embeds"] = new("float32", [-1, -1, 4]) },
            new Dictionary<string, TensorSignature> { ["logits"] = new("float32", [-1, 8]) });
    }
}
