using Stip.Onnx.Execution;

namespace Stip.Onnx.Running;

/// <summary>Any ONNX file: its inputs by name in, its outputs by name out.</summary>
internal static class GraphRun
{
    public static IReadOnlyList<(string Name, HostTensor Tensor)> Run(
        string path, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        using var runner = new GraphRunner(path);
        return Run(runner, inputs);
    }

    /// <summary>Runs a graph that is loaded; inputs that it does not take are left alone.</summary>
    public static IReadOnlyList<(string Name, HostTensor Tensor)> Run(
        GraphRunner runner, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        var missing = runner.Inputs.Where(port => !inputs.ContainsKey(port.Name)).Select(port => port.Name).ToList();
        if (missing.Count > 0)
        {
            throw new RefusedException(
                $"the graph takes {string.Join(", ", runner.Inputs.Select(port => port.Name))}; missing are "
                + $"{string.Join(", ", missing)}");
        }

        var results = runner.Run(inputs);
        return [.. runner.Outputs.Select(port => (port.Name, results[port.Name]))];
    }
}
