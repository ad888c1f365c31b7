using System.Text.Json;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>The first axis of passes that run together: each has rows of it, in the inputs and in the outputs.
/// </summary>
internal static class BatchAxis
{
    /// <summary>True where every input and output begins with the same named axis, which is nowhere else. Whether
    /// its rows look at one another is for <see cref="BatchTrial"/> to find out.</summary>
    public static bool Of(GraphManifest graph)
    {
        var tensors = graph.Inputs.Concat(graph.Outputs).ToArray();
        var names = tensors.Select(tensor => Name(tensor, 0)).Distinct().ToArray();
        return names is [{ Length: > 0 } shared]
            && !tensors.Any(tensor => Enumerable.Range(1, tensor.Shape.Count - 1).Any(
                axis => Name(tensor, axis) == shared));
    }

    /// <summary>True where two passes differ in their number of rows at most.</summary>
    public static bool AreAlike(ValidInputs one, ValidInputs other) => one.Tensors.All(
        pair => other.Tensors[pair.Key].Shape.Skip(1).SequenceEqual(pair.Value.Shape.Skip(1)));

    /// <summary>True where two passes say the same.</summary>
    public static bool AreEqual(ValidInputs one, ValidInputs other) => one.Tensors.All(
        pair => other.Tensors[pair.Key].Shape.SequenceEqual(pair.Value.Shape)
            && other.Tensors[pair.Key].Data.Span.SequenceEqual(pair.Value.Data.Span));

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

    private static string? Name(TensorManifest tensor, int axis) =>
        tensor.Shape.Count > axis && tensor.Shape[axis].ValueKind == JsonValueKind.String
            ? tensor.Shape[axis].GetString()
            : null;
}
