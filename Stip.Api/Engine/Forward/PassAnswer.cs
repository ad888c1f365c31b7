using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>What a pass gave.</summary>
/// <param name="Outputs">By name.</param>
/// <param name="Times">Where it spent its time.</param>
internal sealed record PassAnswer(IReadOnlyDictionary<string, TensorPayload> Outputs, StepTimes Times);
