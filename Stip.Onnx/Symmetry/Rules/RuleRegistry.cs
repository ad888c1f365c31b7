using Stip.Onnx.Symmetry.Rules.Attention;
using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Rules.Convolutions;
using Stip.Onnx.Symmetry.Rules.Flow;
using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Rules.Picking;
using Stip.Onnx.Symmetry.Rules.Sets;

namespace Stip.Onnx.Symmetry.Rules;

/// <summary>All rules, by operator. A new operator needs a line here and a rule file, nothing else.</summary>
internal static class RuleRegistry
{
    private static readonly Dictionary<string, IOperatorRule> Rules = Collect(
        new ElementwiseRule(),
        new WhereRule(),
        new IdentityRule(),
        new CastRule(),
        new ConstantRule(),
        new ShapeRule(),
        new ReshapeRule(),
        new TransposeRule(),
        new SqueezeRule(),
        new SliceRule(),
        new SplitRule(),
        new ConcatRule(),
        new ExpandRule(),
        new GatherRule(),
        new PadRule(),
        new MatMulRule(),
        new GemmRule(),
        new SoftmaxRule(),
        new ReduceRule(),
        new NormalizationRule(),
        new SkipNormalizationRule(),
        new RotaryEmbeddingRule(),
        new GroupQueryAttentionRule(),
        new AttentionRule(),
        new MicrosoftAttentionRule(),
        new MultiHeadAttentionRule(),
        new EmbedNormalizationRule(),
        new RelativeBiasRule(),
        new GatedBiasRule(),
        new SplitGeluRule(),
        new FusedMatMulRule(),
        new EinsumRule(),
        new ConvRule(),
        new QuantizedConvRule(),
        new TransposedConvRule(),
        new CausalConvRule(),
        new RecurrentRule(),
        new SampledPointsRule(),
        new TensorScatterRule(),
        new LinearAttentionRule(),
        new PoolRule(),
        new QuantizedPoolRule(),
        new LocalResponseRule(),
        new DistanceRule(),
        new ChannelNormalizationRule(),
        new ResizeRule(),
        new BlockSpaceRule(),
        new ColumnsToImageRule(),
        new ReverseSequenceRule(),
        new GatherElementsRule(),
        new GatherNDRule(),
        new ScatterRule(),
        new RankRule(),
        new NonZeroRule(),
        new OneHotRule(),
        new CompressRule(),
        new CumulativeRule(),
        new TriluRule(),
        new EyeRule(),
        new MatMulNBitsRule(),
        new DequantizeRule(),
        new QuantizeRule(),
        new IntegerMatMulRule(),
        new QuantizedElementwiseRule(),
        new MatMulBnb4Rule(),
        new BlockQuantizedGatherRule(),
        new MixtureRule(),
        new BranchRule(),
        new LoopRule(),
        new SequenceRule());

    /// <summary>Every rule once.</summary>
    public static IEnumerable<IOperatorRule> All => Rules.Values.Distinct();

    public static IOperatorRule? Find(string operation) => Rules.GetValueOrDefault(operation);

    private static Dictionary<string, IOperatorRule> Collect(params IOperatorRule[] rules) => rules
        .SelectMany(rule => rule.Operators.Select(operation => (operation, rule)))
        .ToDictionary(entry => entry.operation, entry => entry.rule, StringComparer.Ordinal);
}
