using System.Text.RegularExpressions;
using Stip.Api.Engine;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Registry.Packages;

/// <summary>What is wrong with a manifest by itself.</summary>
internal static partial class ManifestFaults
{
    private const int MaxNameLength = 128;
    private static readonly string[] Modes = ["permutation", "hardened", "none"];

    // Files that the server keeps beside those that are listed.
    private static readonly HashSet<string> Kept = new(StringComparer.OrdinalIgnoreCase)
    {
        PackageManifest.FileName, Registration.FileName, Registration.FileName + DurableFile.NewSuffix,
    };

    /// <summary>True where the list of files is one, so that what it names can be looked at whatever else is wrong.
    /// </summary>
    public static bool ListsFiles(PackageManifest manifest) =>
        manifest.Files is { Count: > 0 } files
        && files.All(file => file is { Sha256: not null } && PackagePaths.IsAllowed(file.Path))
        && files.Select(file => file.Path).Distinct(StringComparer.OrdinalIgnoreCase).Count() == files.Count;

    public static IEnumerable<string> Of(PackageManifest manifest)
    {
        if (manifest.Protocol != PackageManifest.CurrentProtocol)
        {
            yield return $"protocol '{manifest.Protocol}' is not '{PackageManifest.CurrentProtocol}'";
        }

        if (manifest.Model is not { Length: > 0 and <= MaxNameLength } || !ModelName().IsMatch(manifest.Model))
        {
            yield return $"model is not a name of 1..{MaxNameLength} letters, digits and ._:/-";
        }

        if (string.IsNullOrEmpty(manifest.Instance) || manifest.Instance.Length > MaxNameLength)
        {
            yield return $"instance is not a name of 1..{MaxNameLength} characters";
        }

        if (!Modes.Contains(manifest.Mode))
        {
            yield return $"mode '{manifest.Mode}' is not one of {string.Join(", ", Modes)}";
        }

        foreach (var fault in Sizes(manifest).Concat(FileList(manifest)).Concat(RoleFaults.Of(manifest)))
        {
            yield return fault;
        }
    }

    private static IEnumerable<string> Sizes(PackageManifest manifest)
    {
        if (manifest.KeyEpoch < 1)
        {
            yield return $"key_epoch {manifest.KeyEpoch} is below 1";
        }

        if (manifest.HiddenSize < 1)
        {
            yield return $"hidden_size {manifest.HiddenSize} is below 1";
        }

        var isDecoder = manifest.Graphs?.ContainsKey(Roles.Decoder) ?? false;
        if (isDecoder && (manifest.VocabSize < 1 || manifest.ContextLength < 1))
        {
            yield return $"vocab_size {manifest.VocabSize} and context_length {manifest.ContextLength} must be above 0";
        }

        if (manifest.MaxTopK < 0 || manifest.MaxTopK > Math.Max(manifest.VocabSize, 0))
        {
            yield return $"max_top_k {manifest.MaxTopK} is outside 0..{manifest.VocabSize}";
        }

        if (!TensorDtypes.TryParseWire(manifest.WireDtype, out var dtype) || !dtype.IsWireFloat())
        {
            yield return $"wire_dtype '{manifest.WireDtype}' is not float32, float16 or bfloat16";
        }
    }

    private static IEnumerable<string> FileList(PackageManifest manifest)
    {
        if (manifest.Files is not { Count: > 0 } files || files.Any(file => file is null))
        {
            yield return "files is empty";
            yield break;
        }

        foreach (var file in files.Where(file => !PackagePaths.IsAllowed(file.Path)))
        {
            yield return $"path '{Quoted.Text(file.Path)}' is not a relative path of plain names";
        }

        foreach (var file in files.Where(file => file.Bytes < 0 || file.Sha256 is not { Length: 64 }))
        {
            yield return $"'{Quoted.Text(file.Path)}' has no length or no sha256";
        }

        var byPath = files.GroupBy(file => file.Path, StringComparer.OrdinalIgnoreCase);
        foreach (var twice in byPath.Where(same => same.Count() > 1))
        {
            yield return $"'{Quoted.Text(twice.Key)}' is listed twice";
        }

        // What is a file cannot be a folder as well.
        var paths = files.Select(file => file.Path).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var (path, folder) in files.Where(file => PackagePaths.IsAllowed(file.Path))
            .SelectMany(file => PackagePaths.FoldersOf(file.Path).Where(paths.Contains), (file, at) => (file.Path, at)))
        {
            yield return $"'{Quoted.Text(path)}' would lie in '{Quoted.Text(folder)}', which is listed as a file";
        }

        // At any depth: a folder with such files would be a package of its own.
        foreach (var path in paths.Where(path => path?.Split('/').Any(Kept.Contains) ?? false))
        {
            yield return $"'{Quoted.Text(path)}' takes a name that the server keeps: {string.Join(", ", Kept)}";
        }

        if (PackageFingerprint.Compute(files) != manifest.Fingerprint)
        {
            yield return "fingerprint is not that of the file list";
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._:/-]*\z")]
    private static partial Regex ModelName();
}
