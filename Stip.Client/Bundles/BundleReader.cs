using System.Runtime.InteropServices;
using System.Text.Json;
using Stip.Client.Embedding;
using Stip.Client.Sealing;
using Stip.Client.Templates;
using Stip.Client.Tokenization;
using Stip.Keys.Bundles;
using Stip.Protocol;
using Stip.Protocol.Tensors;

namespace Stip.Client.Bundles;

/// <summary>Finds and reads the files of a bundle; every fault becomes one line that names the file.</summary>
internal static class BundleReader
{
    private const string ClientFolderName = "client";
    private const string VisionRole = "vision";
    private const string TokenizerFileName = "tokenizer.json";

    public static Bundle Open(string path, bool allowUnprotected)
    {
        var folder = Locate(path);
        var manifest = ReadManifest(Path.Combine(folder, BundleManifest.FileName));
        BundleManifestRules.Check(manifest, folder, allowUnprotected);
        var tables = manifest.Embedding.Tensors.Count > 0
            ? OpenTensors(folder, BundleManifest.EmbeddingFileName)
            : null;
        try
        {
            return new Bundle(folder, manifest, tables);
        }
        catch
        {
            tables?.Dispose();
            throw;
        }
    }

    public static VocabPermutation ReadPermutation(string folder, int vocabSize)
    {
        const string name = BundleManifest.VocabPermutationTensor;
        var path = Path.Combine(folder, BundleManifest.OutputFileName);
        using var file = OpenTensors(folder, BundleManifest.OutputFileName);
        var others = file.Header.Entries.Keys.Where(key =>
            !key.StartsWith(BundleManifest.OutputPermutationPrefix, StringComparison.Ordinal));
        if (others.FirstOrDefault(key => key != name) is { } other)
        {
            throw new BundleException($"{path}: tensor '{other}' is not known; this version reads '{name}' only");
        }

        if (!file.Header.Entries.TryGetValue(name, out var entry)
            || entry.Dtype != TensorDtype.Int32 || entry.Shape is not [var length] || length != vocabSize)
        {
            throw new BundleException($"{path}: '{name}' is missing or not int32 [{vocabSize}]");
        }

        return VocabPermutation.TryCreate(MemoryMarshal.Cast<byte, int>(file.Bytes(name)).ToArray())
            ?? throw new BundleException($"{path}: '{name}' does not name every entry from 0 to {vocabSize - 1} once");
    }

    public static PatchEmbedding? ReadPatches(string folder, BundleManifest manifest) =>
        PatchesRole(manifest) is { } role && manifest.ClientGraphs?.GetValueOrDefault(role) is { } graph
            ? PatchEmbedding.Open(folder, graph)
            : null;

    // Of a model that writes about an image it is the encoder that sees.
    private static string? PatchesRole(BundleManifest manifest) => manifest.Kind != BundleKinds.EncoderDecoder
        ? VisionRole
        : SequenceEmbedding.ReadsImage(manifest) ? SequenceEmbedding.Encoder : null;

    public static SoundEmbedding? ReadSounds(string folder, BundleManifest manifest) =>
        manifest.Kind == BundleKinds.EncoderDecoder && SequenceEmbedding.ReadsSound(manifest)
            ? SoundEmbedding.Open(folder, manifest.ClientGraphs![SequenceEmbedding.Encoder])
            : null;

    public static ClientLayers? ReadLayers(string folder, BundleManifest manifest) =>
        manifest.Embedding.Tensors.Count > 0 && TextGraph(manifest) is { } graph
            ? ClientLayers.Open(folder, graph)
            : null;

    public static TokenLayers? ReadTokenLayers(string folder, BundleManifest manifest) =>
        manifest.Embedding.Tensors.Count == 0 && TextGraph(manifest) is { } graph
            ? TokenLayers.Load(folder, graph, manifest)
            : null;

    // Of a model that reads no source beside it.
    private static ClientGraphManifest? TextGraph(BundleManifest manifest) => manifest.Kind switch
    {
        BundleKinds.EncoderDecoder => null,
        _ => manifest.ClientGraphs?.GetValueOrDefault(BundleKinds.TextRole(manifest)),
    };

    public static SequenceEmbedding? ReadSequence(string folder, BundleManifest manifest) =>
        manifest.Kind == BundleKinds.EncoderDecoder ? SequenceEmbedding.Open(folder, manifest) : null;

    public static TextTokenizer? ReadTokenizer(string folder) =>
        File.Exists(Path.Combine(folder, TokenizerFileName)) ? Read(() => TextTokenizer.FromFolder(folder)) : null;

    public static ChatTemplate? ReadTemplate(string folder) => Read(() => ChatTemplate.FromFolder(folder));

    private static T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception fault) when (fault is InvalidDataException or IOException or UnauthorizedAccessException
            or ChatTemplateException)
        {
            throw new BundleException(fault.Message, fault);
        }
    }

    private static string Locate(string path)
    {
        if (File.Exists(path))
        {
            return Path.GetFileName(path) == BundleManifest.FileName
                ? Path.GetDirectoryName(Path.GetFullPath(path))!
                : throw new BundleException(
                    $"{path} is a file: bundle unseal makes a folder of a sealed bundle");
        }

        return new[] { path, Path.Combine(path, ClientFolderName) }
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, BundleManifest.FileName)))
            ?? throw new BundleException(Directory.Exists(path)
                ? $"{path} has no {BundleManifest.FileName}: a bundle is the folder client/ that protect writes"
                : $"{path} is not there: a bundle is the folder client/ that protect writes");
    }

    private static BundleManifest ReadManifest(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<BundleManifest>(File.ReadAllBytes(path), StipJson.File)
                ?? throw new BundleException($"{path} is empty");
        }
        catch (JsonException fault)
        {
            throw new BundleException(
                $"{path} is not the JSON that is expected, at {fault.Path ?? "its start"}", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new BundleException(fault.Message, fault);
        }
    }

    public static SafetensorsFile OpenTensors(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path)
            ? Read(() => SafetensorsFile.Open(path))
            : throw new BundleException($"{path} is missing");
    }
}
