using System.Globalization;
using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// Tells numbers of the caller apart by how they were computed. Ids, masks and positions are made up while a graph runs
/// on labels, so that two of them may be equal by chance: what hangs on the one must not trade places with what hangs
/// on the other.
/// </summary>
internal static class Traces
{
    private const int ShortList = 16;

    /// <summary>The output of an operator with the name of its computation.</summary>
    /// <param name="call">The operator.</param>
    /// <param name="output">One of its outputs.</param>
    /// <param name="place">Which one: parts of a list of ids are no more alike than two lists.</param>
    public static Value Of(OperatorCall call, Value output, int place)
    {
        if (output is not KnownValue { IsRuntime: true } known || call.Operation == "Identity")
        {
            return output;
        }

        var inputs = call.Inputs.Select(input => input switch
        {
            KnownValue { IsRuntime: true } sent => $"#{sent.Trace}",
            KnownValue { Count: <= ShortList } number => string.Join(
                ' ', number.Numbers.Select(value => value.ToString("R", CultureInfo.InvariantCulture))),
            null => "",
            _ => string.Join('x', input.Shape),
        });
        return known with
        {
            Trace = call.Store.Kinds.Id($"{place} made of {string.Join(';', inputs)}", call.Kind()),
        };
    }
}
