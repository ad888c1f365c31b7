namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>A graph of a few nodes around one operator, whose features move through it.</summary>
/// <param name="Operation">The operator, with its domain where that is not the standard one.</param>
/// <param name="Build">Makes the graph.</param>
/// <param name="Variant">What tells it from other samples of that operator.</param>
internal sealed record RuleSample(string Operation, Action<SmallGraph> Build, string Variant = "")
{
    /// <summary>All samples by name.</summary>
    public static IReadOnlyDictionary<string, RuleSample> All { get; } = MoverSamples.All
        .Concat(ComputingSamples.All).Concat(AttentionSamples.All).Concat(QuantizedSamples.All)
        .Concat(RoutingSamples.All).Concat(RecurrentSamples.All).ToDictionary(sample => sample.Name);

    public string Name => Variant.Length == 0 ? Operation : $"{Operation} {Variant}";
}
