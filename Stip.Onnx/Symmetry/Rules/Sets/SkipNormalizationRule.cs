namespace Stip.Onnx.Symmetry.Rules.Sets;

/// <summary>ONNX Runtime's sum of a residual and a branch, normalised in the same breath.</summary>
internal sealed class SkipNormalizationRule : IOperatorRule
{
    private const int SumOutput = 3;

    public IEnumerable<string> Operators =>
        [
            "com.microsoft.SkipLayerNormalization", "com.microsoft.SkipSimplifiedLayerNormalization",
            "SkipLayerNormalization", "SkipSimplifiedLayerNormalization",
        ];

    public void Apply(OperatorCall call)
    {
        var simplified = call.Operation.Contains("Simplified", StringComparison.Ordinal);
        var bias = call.Optional(simplified ? 3 : 4);
        var sum = NormalizationRule.FeatureWise(call, "Add", call.Labels(0), call.Input(1));
        sum = bias is null ? sum : NormalizationRule.FeatureWise(call, "Add", sum, bias);
        NormalizationRule.Normalize(call, sum, call.Input(2), simplified ? null : call.Optional(3), firstSet: 1);
        call.Set(SumOutput, sum);
    }
}
