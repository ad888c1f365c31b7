using Stip.Onnx.Symmetry.Rules.Cells;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>Pools of integers, with channels behind the batch or last.</summary>
/// <remarks>Inputs of QLinearAveragePool: 0 X, 1 and 2 its scale and zero point, 3 and 4 those of the result. Of
/// NhwcMaxPool: 0 X.</remarks>
internal sealed class QuantizedPoolRule : IOperatorRule
{
    private const string Maximum = "com.microsoft.NhwcMaxPool";

    public IEnumerable<string> Operators => ["com.microsoft.QLinearAveragePool", Maximum];

    public void Apply(OperatorCall call)
    {
        var isLast = call.Operation == Maximum || call.Integer("channels_last", 0) != 0;
        var pooled = PoolRule.Pool(call, isLast ? ChannelOrder.First(call.Labels(0)) : call.Labels(0));
        var result = isLast ? ChannelOrder.Last(pooled) : pooled;
        call.Set(0, call.Inputs.Count == 1 ? result : Elementwise.Combine(
            call, call.Kind("factors"), [result, .. call.Inputs.Skip(1).OfType<Values.Value>()]));
    }
}
