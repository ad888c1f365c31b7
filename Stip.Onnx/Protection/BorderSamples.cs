using Microsoft.ML.OnnxRuntime;
using Stip.Onnx.Execution;
using Stip.Onnx.Running;
using Outputs = System.Collections.Generic.IReadOnlyList<(string Name, Stip.Onnx.Execution.HostTensor Tensor)>;

namespace Stip.Onnx.Protection;

/// <summary>
/// Tells samples of models that round activations while they run in which a number lies between two steps: it goes
/// either way with the last bit of a sum, and all that follows with it, so that such a sample tells nothing. Whether
/// one does is seen of the protected model alone: it answers otherwise where the last bits of what it rounds are
/// others. A wrong permutation is as wrong with any last bits.
/// </summary>
/// <param name="runner">The protected model.</param>
/// <param name="graphFile">Its server's graph.</param>
/// <param name="comparison">Knows what counts as rounding.</param>
internal sealed class BorderSamples(PassRunner runner, string graphFile, OutputComparison comparison) : IDisposable
{
    private const int Runs = 8;

    // Of what counts as rounding. Which numbers go the other way is another matter each time, and with it how far.
    private const double LeastStep = 0.05;

    private readonly Lazy<ShakenGraph> _shaken = new(() => ShakenGraph.Load(graphFile));

    /// <summary>True where the sample tells nothing.</summary>
    /// <param name="given">Inputs of the whole model.</param>
    /// <param name="expected">What the plain model answers.</param>
    /// <param name="restored">What the protected one answers.</param>
    public bool Has(IReadOnlyDictionary<string, HostTensor> given, Outputs expected, Outputs restored)
    {
        if (!comparison.Rounds || comparison.Apart(expected, restored) <= 1)
        {
            return false;
        }

        try
        {
            return Enumerable.Range(0, Runs).Any(run => comparison.Apart(
                restored, ForeignComparison.InOrder(runner.Run(given, _shaken.Value.Run), expected)) > LeastStep);
        }
        catch (OnnxRuntimeException)
        {
            // Inside of a function, or not in float32, no factor can be put in: the sample counts.
            return false;
        }
    }

    public void Dispose()
    {
        if (_shaken.IsValueCreated)
        {
            _shaken.Value.Dispose();
        }
    }
}
