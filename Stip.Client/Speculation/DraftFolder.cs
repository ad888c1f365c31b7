using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Stip.Client.Bundles;
using Stip.Client.Tokenization;
using Stip.Keys.Bundles;
using Stip.Protocol;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Client.Speculation;

/// <summary>A folder of <c>export</c>, checked for what a draft needs.</summary>
internal sealed class DraftFolder
{
    private const string ManifestName = "export.json";
    private const string GraphName = "model.onnx";
    private const string Key = "past_key_values.0.key";

    private DraftFolder(string path, BundleManifest manifest, int largestWindow) =>
        (Path, Manifest, LargestWindow) = (path, manifest, largestWindow);

    public string Path { get; }

    /// <summary>Sizes and embedding, as a bundle says them.</summary>
    public BundleManifest Manifest { get; }

    /// <summary>Of the windows that bound its caches; 0 where none does.</summary>
    public int LargestWindow { get; }

    public static DraftFolder Read(string path)
    {
        var file = System.IO.Path.Combine(path, ManifestName);
        if (!File.Exists(file))
        {
            throw new BundleException($"{path} has no {ManifestName}: it is not a folder that export writes");
        }

        try
        {
            var bytes = File.ReadAllBytes(file);
            var export = JsonSerializer.Deserialize<BundleManifest>(bytes, StipJson.File)!;
            var graphs = JsonSerializer.Deserialize<Graphed>(bytes, StipJson.File)?.Graphs;
            return export is { Kind: "decoder", HiddenSize: > 0, VocabSize: > 0, ContextLength: > 0 }
                && export.Embedding is not null
                // The rows go into the graph of this process: no need to round them for the wire.
                ? new DraftFolder(
                    path,
                    export with { WireDtype = TensorDtype.Float32.WireName() },
                    graphs?.GetValueOrDefault("decoder")?.Cache?.BoundedWindows?.DefaultIfEmpty(0).Max() ?? 0)
                : throw new BundleException($"{file}: a draft is a decoder with sizes and an embedding");
        }
        catch (JsonException fault)
        {
            throw new BundleException($"{file} is not the JSON that is expected, at {fault.Path}", fault);
        }
    }

    public TextTokenizer? ReadTokenizer() => BundleReader.ReadTokenizer(Path);

    public SafetensorsFile OpenTables() => BundleReader.OpenTensors(Path, BundleManifest.EmbeddingFileName);

    public InferenceSession OpenGraph()
    {
        // It works between two answers of the server, which may be on the same machine: half the cores, none spinning.
        using var options = new SessionOptions { IntraOpNumThreads = Math.Max(1, Environment.ProcessorCount / 2) };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        InferenceSession session;
        try
        {
            session = new InferenceSession(System.IO.Path.Combine(Path, GraphName), options);
        }
        catch (OnnxRuntimeException fault)
        {
            throw new BundleException($"{Path}: {fault.Message.ReplaceLineEndings(" ")}", fault);
        }

        if (session.InputMetadata.TryGetValue("inputs_embeds", out var rows) && rows.ElementType == typeof(float)
            && session.InputMetadata.TryGetValue(Key, out var key)
            && key.ElementType == typeof(float) && key.Dimensions.Length == 4)
        {
            return session;
        }

        session.Dispose();
        throw new BundleException($"{Path}: a draft is a float32 decoder with a shared cache (export --dtype float32)");
    }

    private sealed record Graphed(IReadOnlyDictionary<string, GraphManifest>? Graphs);
}
