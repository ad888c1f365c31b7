using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Onnx.Running;

/// <summary>What the client's graph of a pass is given: the model's inputs, caches of its own layers as it moves
/// them.</summary>
internal static class ClientInputs
{
    /// <param name="side">The model.</param>
    /// <param name="role">The role that the client's graph feeds.</param>
    /// <param name="inputs">Inputs of the whole model.</param>
    public static IReadOnlyDictionary<string, HostTensor> Of(
        IModelSide side, string role, IReadOnlyDictionary<string, HostTensor> inputs) => inputs.ToDictionary(
            input => input.Key,
            input => side.Protect(GraphPart.KeyOf(role, isClient: true), input.Key, input.Value),
            StringComparer.Ordinal);
}
