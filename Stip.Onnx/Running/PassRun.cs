using Stip.Onnx.Execution;

namespace Stip.Onnx.Running;

/// <summary>One pass through a model without a buffer of its own: encoders, images, graphs of other exporters.</summary>
internal static class PassRun
{
    private const string MaskName = "attention_mask";

    public static IReadOnlyList<(string Name, HostTensor Tensor)> Run(
        IModelSide side, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        var role = side.MainRole;
        var handed = new Dictionary<string, HostTensor>(StringComparer.Ordinal);
        if (side.Tables is { } tables)
        {
            handed[DecoderPorts.Embeds] = TokenRows.Embed(tables, inputs);
        }

        foreach (var (name, tensor) in ClientGraph(side, role, inputs))
        {
            handed[name] = tensor;
        }

        using var runner = new GraphRunner(side.GraphOf(role));
        foreach (var port in runner.Inputs.Where(port => !handed.ContainsKey(port.Name)))
        {
            handed[port.Name] = side.Protect(role, port.Name, Given(port.Name, inputs, handed));
        }

        var results = runner.Run(handed);
        return [.. runner.Outputs.Select(port => (port.Name, side.Restore(role, port.Name, results[port.Name])))];
    }

    /// <summary>Runs the client's graph that feeds a role; nothing where there is none.</summary>
    public static IEnumerable<(string Name, HostTensor Tensor)> ClientGraph(
        IModelSide side, string role, IReadOnlyDictionary<string, HostTensor> inputs) =>
        side.ClientGraphOf(role) is { } path ? GraphRun.Run(path, inputs) : [];

    private static HostTensor Given(
        string name, IReadOnlyDictionary<string, HostTensor> inputs, Dictionary<string, HostTensor> handed)
    {
        if (inputs.TryGetValue(name, out var given))
        {
            return given;
        }

        if (name == MaskName && handed.TryGetValue(DecoderPorts.Embeds, out var rows))
        {
            var (batch, length) = (rows.Shape[0], rows.Shape[1]);
            return HostTensor.FromIntegers(Enumerable.Repeat(1L, (int)(batch * length)).ToArray(), batch, length);
        }

        throw new RefusedException($"the model takes an input '{name}'; given are {string.Join(", ", inputs.Keys)}");
    }
}
