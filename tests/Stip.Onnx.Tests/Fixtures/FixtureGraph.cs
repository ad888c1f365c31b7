using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Fixtures;

/// <summary>One graph of the fixtures with its golden cases.</summary>
internal sealed class FixtureGraph
{
    private readonly string _folder;

    public FixtureGraph(string root, string name)
    {
        _folder = Path.Combine(root, "graphs", name);
        FilePath = Directory.GetFiles(_folder, "*.onnx").Single();
    }

    public string FilePath { get; }

    /// <summary>Activations are rounded to 8 bits at run time, so another order of sums shows more.</summary>
    public bool RoundsActivations =>
        File.ReadAllText(Path.Combine(_folder, "case.json")).Contains("accuracy_level=4", StringComparison.Ordinal);

    /// <summary>Names of all graphs below a folder of fixtures.</summary>
    public static IEnumerable<string> Names(string root)
    {
        var graphs = Path.Combine(root, "graphs");
        return Directory.GetFiles(graphs, "golden.safetensors", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(graphs, Path.GetDirectoryName(path)!)).Order(StringComparer.Ordinal);
    }

    /// <summary>Inputs and golden outputs of every case.</summary>
    public IEnumerable<(Dictionary<string, HostTensor> Inputs, Dictionary<string, HostTensor> Outputs)> Cases()
    {
        using var file = SafetensorsFile.Open(Path.Combine(_folder, "golden.safetensors"));
        var cases = file.Header.Entries.Values.GroupBy(entry => entry.Name[..entry.Name.IndexOf('.')]);
        foreach (var group in cases.OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            yield return (Tensors(file, group, ".in."), Tensors(file, group, ".out."));
        }
    }

    private static Dictionary<string, HostTensor> Tensors(
        SafetensorsFile file, IEnumerable<SafetensorsEntry> entries, string direction) => entries
        .Where(entry => entry.Name.Contains(direction, StringComparison.Ordinal))
        .ToDictionary(
            entry => entry.Name[(entry.Name.IndexOf(direction, StringComparison.Ordinal) + direction.Length)..],
            entry => new HostTensor(entry.Dtype, entry.Shape, file.Bytes(entry.Name).ToArray()));
}
