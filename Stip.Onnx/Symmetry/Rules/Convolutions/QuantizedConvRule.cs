using Stip.Onnx.Symmetry.Rules.Cells;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>Convolutions of integers; scales and zero points of channels follow the channels, which
/// may be last.</summary>
/// <remarks>Inputs of QLinearConv: 0 x, 1 and 2 its scale and zero point, 3 w, 4 and 5 its own, 6 and 7 those of the
/// result, 8 B. Of ConvInteger: 0 x, 1 w, 2 and 3 their zero points.</remarks>
internal sealed class QuantizedConvRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["QLinearConv", "com.microsoft.QLinearConv", "ConvInteger"];

    public void Apply(OperatorCall call)
    {
        var isLast = call.Integer("channels_last", 0) != 0;
        var value = isLast ? ChannelOrder.First(call.Labels(0)) : call.Labels(0);
        var kernel = call.Operation == "ConvInteger" ? 1 : 3;
        var result = ConvRule.Convolve(call, value, call.Input(kernel));
        foreach (var input in Enumerable.Range(1, Math.Max(0, call.Inputs.Count - 1)).Where(input => input != kernel))
        {
            if (call.Optional(input) is { } factor)
            {
                var spread = factor.Count == 1 ? factor : ConvRule.PerChannel(factor, result.Rank);
                result = Elementwise.Combine(call, call.Kind($"factor {input}"), [result, spread]);
            }
        }

        call.Set(0, isLast ? ChannelOrder.Last(result) : result);
    }
}
