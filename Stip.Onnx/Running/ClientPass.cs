using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Running;

/// <summary>The client's part of a pass: look-ups, its graph, or first layers between both.</summary>
internal static class ClientPass
{
    private const string MaskName = "attention_mask";

    /// <param name="graph">The client's graph; null where it has none.</param>
    /// <param name="tables">The client's tables; null where it has none.</param>
    /// <param name="inputs">Inputs of the whole model.</param>
    /// <param name="names">Inputs of the server's graph.</param>
    /// <param name="protect">An input of the plain model as this side's client takes it.</param>
    /// <returns>What the client makes, by name.</returns>
    public static Dictionary<string, HostTensor> Run(
        GraphRunner? graph,
        EmbeddingTables? tables,
        IReadOnlyDictionary<string, HostTensor> inputs,
        IReadOnlyCollection<string> names,
        Func<string, HostTensor, HostTensor> protect)
    {
        if (graph is null)
        {
            return tables is null ? [] : new(StringComparer.Ordinal)
            {
                [DecoderPorts.Embeds] = TokenRows.Embed(tables, inputs, names),
            };
        }

        var given = inputs.ToDictionary(
            input => input.Key, input => protect(input.Key, input.Value), StringComparer.Ordinal);
        if (tables is not null && graph.Inputs.Any(port => port.Name == ClientLayers.Rows))
        {
            string[] others =
            [
                .. names.Concat(graph.Inputs.Select(port => port.Name)).Where(name => name != ClientLayers.Rows),
            ];
            var rows = TokenRows.Embed(tables, inputs, others);
            given[ClientLayers.Rows] = rows;
            if (!given.ContainsKey(MaskName))
            {
                given[MaskName] = HostTensor.FromIntegers(
                    [.. Enumerable.Repeat(1L, (int)(rows.Shape[0] * rows.Shape[1]))], rows.Shape[0], rows.Shape[1]);
            }
        }

        return GraphRun.Run(graph, given).ToDictionary(
            output => output.Name, output => output.Tensor, StringComparer.Ordinal);
    }
}
