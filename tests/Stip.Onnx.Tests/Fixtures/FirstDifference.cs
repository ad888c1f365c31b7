using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Fixtures;

/// <summary>
/// Finds the first value of a permuted graph that is no rearrangement of the plain one's: there a rule is wrong. Only
/// the outer graph is looked at.
/// </summary>
internal static class FirstDifference
{
    private const float Tolerance = 1e-3f;

    /// <summary>Name of the node and how far its cells are off, or null where all agree.</summary>
    public static string? Find(
        string plainPath,
        string movedPath,
        Dictionary<string, HostTensor> plainInputs,
        Dictionary<string, HostTensor> movedInputs,
        string workFolder)
    {
        var plain = Run(plainPath, plainInputs, Path.Combine(workFolder, "plain-trace.onnx"));
        var moved = Run(movedPath, movedInputs, Path.Combine(workFolder, "moved-trace.onnx"));
        using var file = ModelFile.Load(plainPath);
        foreach (var node in file.Graph.Node)
        {
            foreach (var output in node.Output.Where(name => plain.ContainsKey(name) && moved.ContainsKey(name)))
            {
                if (Off(plain[output], moved[output]) is { } off and > Tolerance)
                {
                    return $"{node.OpType} '{node.Name}' output {output}: {off:E1}";
                }
            }
        }

        return null;
    }

    private static IReadOnlyDictionary<string, HostTensor> Run(
        string path, Dictionary<string, HostTensor> inputs, string traced)
    {
        using var file = ModelFile.Load(path);
        var model = file.Model.Clone();
        foreach (var name in model.Graph.Node.SelectMany(node => node.Output).Where(name => name.Length > 0))
        {
            if (model.Graph.Output.All(output => output.Name != name))
            {
                model.Graph.Output.Add(new ValueInfoProto { Name = name });
            }
        }

        // Beside copies of the weights: nothing is written where a model comes from.
        var folder = Directory.CreateDirectory(traced + ".folder").FullName;
        foreach (var data in Directory.GetFiles(Path.GetDirectoryName(path)!))
        {
            File.Copy(data, Path.Combine(folder, Path.GetFileName(data)));
        }

        var target = Path.Combine(folder, Path.GetFileName(traced));
        File.WriteAllBytes(target, Google.Protobuf.MessageExtensions.ToByteArray(model));
        using var runner = new GraphRunner(target);
        var floats = runner.Outputs.Where(output => output.Dtype.IsWireFloat()).Select(output => output.Name);
        return runner.Run(inputs, [.. floats]);
    }

    private static float? Off(HostTensor plain, HostTensor moved)
    {
        var (a, b) = (plain.ToFloats(), moved.ToFloats());
        if (a.Length != b.Length)
        {
            return float.PositiveInfinity;
        }

        Array.Sort(a);
        Array.Sort(b);
        var scale = Math.Max(1, a.Where(float.IsFinite).Select(Math.Abs).DefaultIfEmpty(0).Max());
        return a.Zip(b).Max(pair => pair.First.Equals(pair.Second) ? 0 : Math.Abs(pair.First - pair.Second)) / scale;
    }
}
