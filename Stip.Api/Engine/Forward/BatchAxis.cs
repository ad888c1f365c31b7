using System.Text.Json;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>The first axis of passes that run together: each has rows of it, in the inputs and in the outputs.
/// </summary>
internal static class BatchAxis
{
    /// <summary>True where every input and output begins with the same named axis: there each row is a pass of its own.
    /// </summary>
    public static bool Of(GraphManifest graph)
    {
        var names = graph.Inputs.Concat(graph.Outputs).Select(First).Distinct().ToArray();
        return names.Length == 1 && names[0] is not null;
    }

    /// <summary>True where two passes differ in their number of rows at most.</summary>
    public static bool AreAlike(ValidInputs one, ValidInputs other) => one.Tensors.All(
        pair => other.Tensors[pair.Key].Shape.Skip(1).SequenceEqual(pair.Value.Shape.Skip(1)));

    /// <summary>Rows of a pass; one where there is no first axis, which never runs with others.</summary>
    public static long Rows(ValidInputs inputs) =>
        inputs.Tensors.Values.FirstOrDefault() is { Shape.Count: > 0 } first ? first.Shape[0] : 1;

    /// <summary>The outputs of the rows from <paramref name="from"/> on; null where an output has not one row a row.
    /// </summary>
    public static IReadOnlyDictionary<string, TensorPayload>? Cut(
        IReadOnlyDictionary<string, TensorPayload> outputs, long from, long rows, long allRows)
    {
        var cut = new Dictionary<string, TensorPayload>(StringComparer.Ordinal);
        foreach (var (name, tensor) in outputs)
        {
            if (tensor.Shape.Count == 0 || tensor.Shape[0] != allRows)
            {
                return null;
            }

            var rowBytes = (int)(tensor.Data.Length / allRows);
            cut.Add(name, new TensorPayload(
                tensor.Dtype, [rows, .. tensor.Shape.Skip(1)],
                tensor.Data.Slice((int)from * rowBytes, (int)rows * rowBytes)));
        }

        return cut;
    }

    private static string? First(TensorManifest tensor) =>
        tensor.Shape.Count > 0 && tensor.Shape[0].ValueKind == JsonValueKind.String
            ? tensor.Shape[0].GetString()
            : null;
}
