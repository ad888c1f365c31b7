using System.Text;
using System.Text.Json;
using Stip.Api.Engine;
using Stip.Protocol;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry.Packages;

/// <summary>Reads a package from a folder and finds every fault of it.</summary>
internal sealed class PackageFolder(IGraphRuntime runtime)
{
    private const long MaxManifestBytes = 16 << 20;
    private const long MaxGraphBytes = int.MaxValue;

    // A node of this type names a file of compiled code.
    private static readonly string[] ForbiddenOperators = ["EPContext"];

    /// <summary>The manifest; null with a fault where it cannot be read.</summary>
    public static (PackageManifest? Manifest, string Fault) ReadManifest(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists || file.Length > MaxManifestBytes)
            {
                return (null, file.Exists ? "stip.json is too large" : "there is no stip.json");
            }

            // Values that are read later would throw.
            ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
            bytes = bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
            if (!JsonText.IsUnicode(bytes))
            {
                return (null, "stip.json holds text that is not Unicode");
            }

            var manifest = JsonSerializer.Deserialize<PackageManifest>(bytes, StipJson.File);
            return (manifest, manifest is null ? "stip.json is empty" : "");
        }
        catch (JsonException e)
        {
            return (null, $"stip.json cannot be read at {e.Path ?? "its start"}");
        }
    }

    /// <summary>True where two manifests say the same: of the files, whose digests they hold, and of all beside.
    /// </summary>
    public static bool AreEqual(PackageManifest one, PackageManifest other) =>
        JsonSerializer.SerializeToUtf8Bytes(one, StipJson.File).AsSpan()
            .SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(other, StipJson.File));

    /// <summary>True where a stored folder still holds this package, byte for byte; what cannot be read is not whole.
    /// </summary>
    public static bool IsWhole(string folder, PackageManifest manifest)
    {
        try
        {
            return ReadManifest(Path.Combine(folder, PackageManifest.FileName)).Manifest is { } stored
                && AreEqual(stored, manifest) && PackageDigests.FirstDamaged(folder, manifest) is null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Every fault of the files and graphs; the manifest itself was judged before, and may have faults of its
    /// own as long as its list of files is one (<see cref="ManifestFaults.ListsFiles"/>).</summary>
    public IReadOnlyList<string> Faults(string folder, PackageManifest manifest)
    {
        List<string> faults = [.. MissingFiles(folder, manifest)];
        var isWhole = faults.Count == 0;
        var graphs = (manifest.Graphs ?? new Dictionary<string, GraphManifest>())
            .Where(pair => Roles.All.Contains(pair.Key)).ToArray();
        foreach (var (role, graph) in graphs)
        {
            faults.AddRange(OfGraph(folder, manifest, role, graph, isWhole));
        }

        return Roles.AreOfSequence(manifest) && graphs.All(pair => HasTensors(pair.Value))
            ? [.. faults, .. SequenceFaults.Of(manifest)]
            : faults;
    }

    /// <summary>Listed files that are not there or have another length.</summary>
    public static IEnumerable<string> MissingFiles(string folder, PackageManifest manifest)
    {
        foreach (var listed in manifest.Files)
        {
            var file = new FileInfo(Path.Combine(folder, listed.Path));
            if (!file.Exists || file.Length != listed.Bytes)
            {
                yield return file.Exists
                    ? $"'{listed.Path}' has {file.Length} bytes, {listed.Bytes} are listed"
                    : $"'{listed.Path}' is missing";
            }
        }
    }

    private List<string> OfGraph(
        string folder, PackageManifest manifest, string role, GraphManifest graph, bool isWhole)
    {
        var listed = manifest.Files.Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        if (graph?.File is null || !listed.Contains(graph.File) || !HasTensors(graph))
        {
            return [$"{role}: its file is not in the list of files, or it has no inputs or outputs"];
        }

        var path = Path.Combine(folder, graph.File);
        List<string> faults = File.Exists(path) ? [.. OfFile(path, graph.File, listed)] : [];
        if (faults.Count == 0 && isWhole)
        {
            faults.AddRange(OfContents(path, manifest, role, graph));
            faults.AddRange(OfLoaded(path, role, graph));
        }

        return Roles.AreOfSequence(manifest) ? faults
            : role == Roles.Decoder ? [.. faults, .. GraphFaults.OfDecoder(manifest, graph)]
            : [.. faults, .. PortFaults.OfPass(role, graph)];
    }

    private IEnumerable<string> OfLoaded(string path, string role, GraphManifest graph)
    {
        try
        {
            return [.. GraphFaults.Of(role, graph, runtime.Inspect(path))];
        }
        catch (GraphRefusedException e)
        {
            return [$"{role}: {e.Message}"];
        }
    }

    private static bool HasTensors(GraphManifest? graph) =>
        graph is not null && AreNamed(graph.Inputs) && AreNamed(graph.Outputs);

    private static bool AreNamed(IReadOnlyList<TensorManifest>? tensors) =>
        tensors is { Count: > 0 }
            && tensors.All(tensor => tensor is { Name: not null, Dtype: not null, Shape: not null });

    // With one of these the graph is not loaded: it could name files that are not the package's.
    private static IEnumerable<string> OfFile(string path, string name, HashSet<string> listed)
    {
        if (new FileInfo(path).Length > MaxGraphBytes)
        {
            return [$"'{name}' is larger than {MaxGraphBytes} bytes"];
        }

        try
        {
            var references = OnnxReferences.Read(File.ReadAllBytes(path));
            var beside = Path.GetDirectoryName(name) is { Length: > 0 } parent ? parent.Replace('\\', '/') + "/" : "";
            return
            [
                .. references.Locations.Where(location => !listed.Contains(beside + location))
                    .Select(location => $"'{name}' takes tensors from a file that is not in the list of files"),
                .. references.Operators.Intersect(ForbiddenOperators)
                    .Select(operation => $"'{name}' holds a node of type {operation}"),
            ];
        }
        catch (InvalidDataException e)
        {
            return [$"'{name}': {e.Message}"];
        }
    }

    private static IEnumerable<string> OfContents(
        string path, PackageManifest manifest, string role, GraphManifest graph)
    {
        var contextLength = role == Roles.Vision ? 0 : Math.Max(manifest.ContextLength, 0);
        try
        {
            var outline = GraphOutline.Read(File.ReadAllBytes(path)).Graph;
            var positions = RotaryRows.Shortest(outline);
            return
            [
                .. positions < (ulong)contextLength
                    ? [$"context_length {contextLength} is more than the {positions} positions of '{graph.File}'"]
                    : Array.Empty<string>(),
                .. graph.Cache is { } cache ? BoundedCacheFaults.Of(cache, outline) : [],
            ];
        }
        catch (InvalidDataException e)
        {
            return [$"'{graph.File}': {e.Message}"];
        }
    }
}
