namespace Stip.Client.Encoders;

/// <summary>What a classifier says.</summary>
/// <param name="Labels">Every label, best first.</param>
/// <param name="Logits">The model's outputs in plain order, by index.</param>
public sealed record Classification(IReadOnlyList<LabelScore> Labels, IReadOnlyList<float> Logits);
