namespace Stip.Onnx.Symmetry.Values;

/// <summary>A list of tensors.</summary>
/// <param name="Items">The tensors.</param>
internal sealed record SequenceValue(IReadOnlyList<Value> Items) : Value([Items.Count]);
