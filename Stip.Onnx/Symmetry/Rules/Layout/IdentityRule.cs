namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>Operators that hand their input on.</summary>
internal sealed class IdentityRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Identity", "Dropout", "Optional", "OptionalGetElement"];

    public void Apply(OperatorCall call) => call.Set(0, call.Input(0));
}
