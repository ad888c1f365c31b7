using System.Numerics.Tensors;

namespace Stip.Client.Sound;

/// <summary>Triangles over the bins of a power spectrum, evenly spaced on the mel scale and of equal area, as Slaney's
/// Auditory Toolbox has them.</summary>
internal sealed class MelFilters
{
    private const double LinearHertz = 200.0 / 3; // a mel below the break
    private const double BreakHertz = 1000;
    private const double BreakMel = BreakHertz / LinearHertz;
    private const double HighestHertz = 8000;
    private static readonly double LogStep = Math.Log(6.4) / 27;

    private readonly (int First, double[] Weights)[] _filters;

    /// <param name="count">Number of filters.</param>
    /// <param name="bins">Of the spectrum, from 0 to half the rate.</param>
    /// <param name="sampleRate">Samples a second.</param>
    public MelFilters(int count, int bins, int sampleRate)
    {
        var highest = ToMel(HighestHertz);
        double[] edges = [.. Enumerable.Range(0, count + 2).Select(i => ToHertz(highest * i / (count + 1)))];
        double[] hertz = [.. Enumerable.Range(0, bins).Select(bin => sampleRate / 2.0 * bin / (bins - 1))];
        _filters = [.. Enumerable.Range(0, count).Select(filter =>
        {
            double[] weights = [.. hertz.Select(frequency => Weight(edges.AsSpan(filter, 3), frequency))];
            var first = Math.Max(0, Array.FindIndex(weights, weight => weight > 0));
            var last = Array.FindLastIndex(weights, weight => weight > 0);
            return (first, weights[first..Math.Max(first, last + 1)]);
        })];
    }

    /// <summary>Energies of the filters of one spectrum.</summary>
    public void Apply(ReadOnlySpan<double> power, Span<double> energies)
    {
        for (var filter = 0; filter < _filters.Length; filter++)
        {
            var (first, weights) = _filters[filter];
            energies[filter] = TensorPrimitives.Dot<double>(power.Slice(first, weights.Length), weights);
        }
    }

    private static double Weight(ReadOnlySpan<double> edges, double hertz) => 2 / (edges[2] - edges[0]) * Math.Max(
        0, Math.Min((hertz - edges[0]) / (edges[1] - edges[0]), (edges[2] - hertz) / (edges[2] - edges[1])));

    private static double ToMel(double hertz) =>
        hertz < BreakHertz ? hertz / LinearHertz : BreakMel + (Math.Log(hertz / BreakHertz) / LogStep);

    private static double ToHertz(double mel) =>
        mel < BreakMel ? mel * LinearHertz : BreakHertz * Math.Exp(LogStep * (mel - BreakMel));
}
