namespace Stip.Api.Runtime;

/// <summary>What steps that share a binding have in common.</summary>
/// <param name="Batch">Slots.</param>
/// <param name="Rows">New rows of each slot.</param>
/// <param name="Wanted">Rows of logits.</param>
/// <param name="HasPositions">Whether the graph takes <c>position_ids</c>.</param>
/// <param name="FixedTotal">What is always given as <c>total_sequence_length</c>, the slots' capacity, so that a run
/// can be recorded; null gives the longest slot's true length. Which rows count is in <c>seqlens_k</c> either way.
/// </param>
internal sealed record StepShape(int Batch, int Rows, int Wanted, bool HasPositions, int? FixedTotal);
