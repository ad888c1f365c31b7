namespace Stip.Api.Engine;

/// <summary>Where a step spent its time inside the engine.</summary>
/// <param name="Queue">From its arrival to the start of its first run.</param>
/// <param name="Run">Inside the runtime, shared with whoever ran in the same batches.</param>
internal readonly record struct StepTimes(TimeSpan Queue, TimeSpan Run);
