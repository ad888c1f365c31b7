using Stip.Onnx.Execution;

namespace Stip.Onnx.Running;

/// <summary>Texts to choose among, <c>[batch, choices, seq]</c>: a graph takes each as a sequence of its own and gives
/// it one logit, and those of a question come together again.</summary>
internal static class Choices
{
    /// <summary>The input whose shape tells whether there are choices.</summary>
    public const string IdsName = "input_ids";

    /// <summary>Runs a model whose inputs may have an axis of choices.</summary>
    /// <param name="inputs">Inputs of the whole model.</param>
    /// <param name="run">Runs it on inputs <c>[sequences, seq]</c>.</param>
    public static IReadOnlyList<(string Name, HostTensor Tensor)> Run(
        IReadOnlyDictionary<string, HostTensor> inputs,
        Func<IReadOnlyDictionary<string, HostTensor>, IReadOnlyList<(string Name, HostTensor Tensor)>> run)
    {
        if (!inputs.TryGetValue(IdsName, out var ids) || ids.Shape is not [var batch, var choices, _])
        {
            return run(inputs);
        }

        var flat = inputs.ToDictionary(
            input => input.Key,
            input => input.Value.Shape.Count > 1 && input.Value.Shape[0] == batch && input.Value.Shape[1] == choices
                ? input.Value with { Shape = [batch * choices, .. input.Value.Shape.Skip(2)] }
                : input.Value,
            StringComparer.Ordinal);
        return [.. run(flat).Select(output => (
            output.Name,
            output.Tensor with
            {
                Shape = output.Tensor.Shape is [_, 1]
                    ? [batch, choices]
                    : [batch, choices, .. output.Tensor.Shape.Skip(1)],
            }))];
    }
}
