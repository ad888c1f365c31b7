namespace Stip.Onnx.Symmetry.Rules;

/// <summary>How a family of operators computes its outputs on labels.</summary>
internal interface IOperatorRule
{
    /// <summary>The operators: <c>Add</c>, or with their domain <c>com.microsoft.FastGelu</c>.</summary>
    IEnumerable<string> Operators { get; }

    /// <summary>Sets the outputs of a node.</summary>
    /// <exception cref="NotSupportedException">The node uses a variant that the rule does not know.</exception>
    void Apply(OperatorCall call);
}
