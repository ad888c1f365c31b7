namespace Stip.Api.Engine;

/// <summary>Inputs and outputs as the runtime sees them.</summary>
internal sealed record GraphSignature(
    IReadOnlyDictionary<string, TensorSignature> Inputs, IReadOnlyDictionary<string, TensorSignature> Outputs);
