using Microsoft.ML.OnnxRuntime;
using Stip.Onnx.Execution;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Running;
using Inputs = System.Collections.Generic.IReadOnlyDictionary<string, Stip.Onnx.Execution.HostTensor>;
using Outputs = System.Collections.Generic.IReadOnlyList<(string Name, Stip.Onnx.Execution.HostTensor Tensor)>;

namespace Stip.Onnx.Protection;

/// <summary>Runs a graph of another exporter as it came and in its protected form.</summary>
internal sealed class ForeignComparison : IDisposable
{
    // How often a sample that lies on a border of rounding is drawn again.
    private const int MostDraws = 8;

    private readonly ForeignSource _source;
    private readonly OutputComparison _comparison;
    private readonly Lazy<GraphRunner> _plain;
    private readonly PassRunner _runner;
    private readonly BorderSamples _borders;

    private ForeignComparison(ForeignSource source, ProtectedModel moved, OutputComparison comparison)
    {
        (_source, _comparison) = (source, comparison);
        _plain = new Lazy<GraphRunner>(() => new GraphRunner(source.Path));
        _runner = new PassRunner(moved, source.Role);
        _borders = new BorderSamples(_runner, moved.GraphOf(source.Role), comparison);
    }

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
        using var both = new ForeignComparison(source, moved, comparison);
        return both.Run(answers, samples, progress);
    }

    /// <summary>Caches of the client's layers and of the server's come one after the other, whatever the graph's own
    /// order is.</summary>
    public static Outputs InOrder(Outputs given, Outputs expected)
    {
        string[] names = [.. expected.Select(output => output.Name)];
        return [.. given.OrderBy(output => Array.IndexOf(names, output.Name))];
    }

    public void Dispose()
    {
        _borders.Dispose();
        _runner.Dispose();
        if (_plain.IsValueCreated)
        {
            _plain.Value.Dispose();
        }
    }

    private int Run(PlainAnswers answers, int samples, Action<double>? progress)
    {
        var inputs = new ForeignSamples(_source);
        var (done, left, last) = (0, 0, (OnnxRuntimeException?)null);
        for (var sample = 0; sample < samples; sample++)
        {
            foreach (var given in inputs.AllTries(sample))
            {
                var (expected, refusal) = answers.Of(() => Plain(given));
                last = refusal ?? last;
                if (expected is not null)
                {
                    inputs.Keep(given);
                    progress?.Invoke((sample + 0.5) / samples);
                    var counts = Compare(sample, given, expected);
                    (done, left) = counts ? (done + 1, left) : (done, left + 1);
                    break;
                }
            }

            progress?.Invoke((sample + 1.0) / samples);
        }

        // Half of them have other lengths than the rest.
        if (left > done)
        {
            _comparison.Fail(
                $"{left} of {left + done} samples change with the last bits of what the model rounds as it "
                + "runs, so that too little was compared (--verify none of protect leaves it out)");
            return left + done;
        }

        return done > 0 ? done : throw last ?? (Exception)new RefusedException(
            "no sample input fits the plain graph, so that nothing could be compared; --verify none leaves it out");
    }

    // A sample on a border of rounding is drawn again in the same sizes; false where each that was tried lies on one.
    private bool Compare(int sample, Inputs given, Outputs expected)
    {
        for (var draw = 1; ; draw++)
        {
            var restored = InOrder(_runner.Run(given), expected);
            if (!_borders.Has(given, expected, restored))
            {
                _comparison.AddAll(expected, restored, _source.Role);
                return true;
            }

            if (draw > MostDraws || Drawn(sample, draw) is not { } next)
            {
                return false;
            }

            (given, expected) = next;
        }
    }

    private (Inputs Given, Outputs Expected)? Drawn(int sample, int draw)
    {
        foreach (var given in new ForeignSamples(_source, draw).AllTries(sample))
        {
            if (Plain(given).Outputs is { } expected)
            {
                return (given, expected);
            }
        }

        return null;
    }

    // A graph may not take every length that its inputs declare.
    private (Outputs? Outputs, OnnxRuntimeException? Refusal) Plain(Inputs given)
    {
        try
        {
            return (GraphRun.Run(_plain.Value, given), null);
        }
        catch (OnnxRuntimeException e)
        {
            return (null, e);
        }
    }
}
