namespace Stip.Api.Engine;

/// <summary>Where a step spent its time inside the engine.</summary>
/// <param name="Queue">From its arrival to the start of its first run.</param>
/// <param name="Run">Inside the runtime, shared with whoever ran in the same batches.</param>
/// <param name="Copy">Of that, copying rows in and logits out.</param>
/// <param name="SinceLast">From the session's answer before to this one, its client's time included; null for the
/// first.</param>
internal readonly record struct StepTimes(TimeSpan Queue, TimeSpan Run, TimeSpan Copy, TimeSpan? SinceLast = null);
