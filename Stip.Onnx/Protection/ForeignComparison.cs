using Microsoft.ML.OnnxRuntime;
using Stip.Onnx.Execution;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Running;

namespace Stip.Onnx.Protection;

/// <summary>Runs a graph of another exporter as it came and in its protected form.</summary>
internal static class ForeignComparison
{
    /// <param name="source">The graph.</param>
    /// <param name="answers">What it answers.</param>
    /// <param name="moved">The package.</param>
    /// <param name="samples">How many inputs to run.</param>
    /// <param name="comparison">Is given every output.</param>
    /// <param name="progress">Called with the share of the runs that is done.</param>
    /// <returns>How many samples both ran; a graph may not take every shape.</returns>
    public static int Run(
        ForeignSource source,
        PlainAnswers answers,
        ProtectedModel moved,
        int samples,
        OutputComparison comparison,
        Action<double>? progress)
    {
        using var plain = answers.Runs ? new GraphRunner(source.Path) : null;
        using var runner = new PassRunner(moved, source.Role);
        var inputs = new ForeignSamples(source);
        var (done, last) = (0, (OnnxRuntimeException?)null);
        for (var sample = 0; sample < samples; sample++)
        {
            foreach (var given in inputs.Tries(sample))
            {
                var (expected, refusal) = answers.Of(() => Plain(plain!, given));
                last = refusal ?? last;
                if (expected is not null)
                {
                    inputs.Keep(given);
                    progress?.Invoke((sample + 0.5) / samples);
                    comparison.AddAll(expected, InOrder(runner.Run(given), expected), source.Role);
                    done++;
                    break;
                }
            }

            progress?.Invoke((sample + 1.0) / samples);
        }

        if (done == 0)
        {
            throw last ?? (Exception)new RefusedException(
                "no sample input fits the plain graph, so that nothing could be compared; --verify none leaves it out");
        }

        return done;
    }

    // Caches of the client's layers and of the server's come one after the other, whatever the graph's own order is.
    private static IReadOnlyList<(string Name, HostTensor Tensor)> InOrder(
        IReadOnlyList<(string Name, HostTensor Tensor)> given,
        IReadOnlyList<(string Name, HostTensor Tensor)> expected)
    {
        string[] names = [.. expected.Select(output => output.Name)];
        return [.. given.OrderBy(output => Array.IndexOf(names, output.Name))];
    }

    // A graph may not take every length that its inputs declare.
    private static (IReadOnlyList<(string Name, HostTensor Tensor)>? Outputs, OnnxRuntimeException? Refusal) Plain(
        GraphRunner plain, IReadOnlyDictionary<string, HostTensor> given)
    {
        try
        {
            return (GraphRun.Run(plain, given), null);
        }
        catch (OnnxRuntimeException e)
        {
            return (null, e);
        }
    }
}
