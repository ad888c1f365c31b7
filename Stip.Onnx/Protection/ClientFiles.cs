using System.Text.Json;
using Stip.Keys.Bundles;
using Stip.Onnx.Packages;
using Stip.Protocol;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection;

/// <summary>Writes the client's folder.</summary>
internal static class ClientFiles
{
    /// <summary>Looks, before anything is written, whether what is to be copied is there.</summary>
    /// <exception cref="RefusedException">There is no such folder, or it has no tokenizer.</exception>
    public static void RefuseMissing(ProtectionOptions options)
    {
        if (options.Tokenizer is not { } folder)
        {
            return;
        }

        if (!Directory.Exists(folder))
        {
            throw new RefusedException($"there is no folder '{folder}'; --tokenizer names one with tokenizer.json");
        }

        // Settings alone (where a text ends) are taken from there too.
        if (options.MadeFiles.Count == 0 && Directory.GetFiles(folder, "*.json").Length == 0
            && !SourceFileNames.All.Any(name => File.Exists(Path.Combine(folder, name))))
        {
            throw new RefusedException(
                $"'{folder}' has none of a tokenizer's or a preprocessor's files; --tokenizer names a folder with "
                + "tokenizer.json");
        }
    }

    /// <summary>
    /// Copies what a client needs as it is: the small files beside an exported graph, without the manifest of export;
    /// of a folder that others wrote only those that belong to tokenizers and preprocessors.
    /// </summary>
    public static void CopySmallFiles(PlainModel plain, ProtectionOptions options, string folder)
    {
        var tokenizer = options.Tokenizer;
        string[] skipped = [ExportManifest.FileName, BundleManifest.EmbeddingFileName];
        foreach (var file in new DirectoryInfo(plain.Folder).EnumerateFiles())
        {
            if (plain.Sources.Count == 0
                ? file.Extension is ".json" or ".jinja" or ".model" or ".txt" && !skipped.Contains(file.Name)
                : SourceFileNames.All.Contains(file.Name))
            {
                File.WriteAllBytes(Path.Combine(folder, file.Name), File.ReadAllBytes(file.FullName));
            }
        }

        foreach (var name in SourceFileNames.All.Where(name => name.Contains('/')))
        {
            Copy(plain.Folder, folder, name);
        }

        foreach (var name in tokenizer is null ? [] : SourceFileNames.All)
        {
            Copy(tokenizer!, folder, name);
        }

        foreach (var (name, bytes) in options.MadeFiles)
        {
            File.WriteAllBytes(Path.Combine(folder, name), bytes);
        }
    }

    /// <summary>Writes <c>bundle.json</c>, which binds the bundle to one cloud package.</summary>
    public static void WriteManifest(ExportManifest manifest, PackageManifest package, string folder)
    {
        var bundle = new BundleManifest(
            package.Protocol,
            package.Model,
            package.Instance,
            package.KeyEpoch,
            package.Mode,
            package.Fingerprint,
            manifest.Kind,
            manifest.HiddenSize,
            manifest.VocabSize,
            manifest.ContextLength,
            manifest.WireDtype,
            manifest.BosTokenId,
            manifest.EosTokenIds,
            manifest.Embedding)
        {
            ClientGraphs = manifest.ClientGraphs,
            ClientLayers = manifest.ClientLayers,
            Labels = manifest.Labels,
            LabelScores = manifest.LabelScores,
            Pooling = manifest.Pooling,
            Normalize = manifest.Normalize,
            Prompt = manifest.Prompt,
            Prompts = manifest.Prompts,
            FillTokenId = manifest.FillTokenId,
            Sequence = manifest.Sequence,
            WholeSequence = manifest.WholeSequence,
            ImageTokenId = manifest.ImageTokenId,
        };
        File.WriteAllBytes(
            Path.Combine(folder, BundleManifest.FileName), JsonSerializer.SerializeToUtf8Bytes(bundle, StipJson.File));
    }

    private static void Copy(string from, string to, string name)
    {
        if (File.Exists(Path.Combine(from, name)))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(to, name))!);
            File.WriteAllBytes(Path.Combine(to, name), File.ReadAllBytes(Path.Combine(from, name)));
        }
    }
}
