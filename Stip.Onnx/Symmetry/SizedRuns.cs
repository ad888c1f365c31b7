using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Segments;

namespace Stip.Onnx.Symmetry;

/// <summary>Runs the graphs of a model on labels, each at the first sizes that fit.</summary>
/// <param name="parts">The graphs; what feeds another comes before it.</param>
/// <param name="joins">Which output feeds which input.</param>
/// <param name="longestRun">Most cells that are treated as one.</param>
/// <param name="most">Most products of queries and keys, and positions of a picture, that are written out, and most
/// edges of a run; null edges for what memory allows.</param>
/// <param name="rules">Rules by operator.</param>
internal sealed class SizedRuns(
    IReadOnlyList<GraphPart> parts,
    IReadOnlyList<PortJoin> joins,
    int longestRun,
    (int Scores, int Places, int? Edges) most,
    Func<string, IOperatorRule?> rules)
{
    private const int LongestForMissed = 16;

    // Parts of one graph run at the same sizes.
    private readonly GraphProto[] _sizedBy = [.. parts.Select(part => part.SizedBy)
        .Distinct(ReferenceEqualityComparer.Instance).Cast<GraphProto>()];

    private IReadOnlySet<int>? _parted;

    /// <exception cref="RefusedException">A graph cannot be followed.</exception>
    public LabelledGraph Execute()
    {
        ProbeSizes[][] guesses =
            [.. _sizedBy.Select(graph => ProbeSizes.Guesses(graph, FunctionsOf(graph)).ToArray())];
        var tried = new int[_sizedBy.Length];
        RefusedException? first = null;
        (LabelledGraph Graph, ProbeSizes[] Sizes, LengthCuts Cuts)? shorter = null;
        while (true)
        {
            ProbeSizes[] sizes = [.. guesses.Zip(tried, (list, at) => list[at])];
            var (labelled, cuts) = (new List<LabelledPart>(parts.Count), new LengthCuts());
            try
            {
                var graph = Run(sizes, cuts, labelled);
                if (PartedRuns.Of(graph.Store) is { Count: > 0 } parted && _parted is null)
                {
                    // Once more with the lanes of those in an order in which they need not be single.
                    _parted = parted;
                    continue;
                }

                if (graph.Missed > 0 && Larger(guesses, tried))
                {
                    // A text so short has no second window, so that what reads it was not seen.
                    (_parted, shorter) = (null, shorter ?? (graph, sizes, cuts));
                    continue;
                }

                return Settled(shorter is { } one && graph.Missed >= one.Graph.Missed ? one : (graph, sizes, cuts));
            }
            catch (RefusedException) when (shorter is not null)
            {
                return Settled(shorter.Value);
            }
            catch (RefusedException e) when (e.InnerException is not null)
            {
                first ??= e;
                var failed = SizesOf(parts[labelled.Count]);
                if (++tried[failed] == guesses[failed].Length)
                {
                    throw guesses[failed][0].Picture == 0 ? first : new RefusedException(
                        $"{first.Message} (its pictures were tried with sides of "
                        + $"{string.Join(", ", guesses[failed].Select(sizes => sizes.Picture))}; fixing height and "
                        + "width in the graph's inputs to what it was made for may help)", first);
                }
            }
            catch (RefusedException e) when (first is not null)
            {
                throw new RefusedException($"{first.Message} (at larger sizes: {e.Message})", first);
            }
        }
    }

    private LabelledGraph Settled((LabelledGraph Graph, ProbeSizes[] Sizes, LengthCuts Cuts) run) =>
        run.Cuts.IsEmpty ? run.Graph : WithSteadyCuts(run.Graph, run.Sizes, run.Cuts);

    // The next sizes for texts, where there are some that a run is not long for.
    private static bool Larger(ProbeSizes[][] guesses, int[] tried)
    {
        for (var graph = 0; graph < guesses.Length; graph++)
        {
            var now = guesses[graph][tried[graph]];
            var next = Array.FindIndex(guesses[graph], tried[graph] + 1, sizes => sizes.Picture == 0
                && sizes.Sequence > now.Sequence && sizes.Sequence <= LongestForMissed);
            if (next < 0)
            {
                return false;
            }

            tried[graph] = next;
        }

        return true;
    }

    private IEnumerable<FunctionProto> FunctionsOf(GraphProto graph) => parts
        .Where(part => ReferenceEquals(part.SizedBy, graph)).SelectMany(part => part.Model.Functions)
        .DistinctBy(function => (function.Domain, function.Name, function.Overload));

    private int SizesOf(GraphPart part) => Array.FindIndex(_sizedBy, graph => ReferenceEquals(graph, part.SizedBy));

    private LabelledGraph Run(ProbeSizes[] sizes, LengthCuts cuts, List<LabelledPart> labelled)
    {
        var store = new NodeStore(
            longestRun, mostScores: most.Scores, mostPlaces: most.Places, parted: _parted, mostEdges: most.Edges);
        var (unruled, flow) = (new List<string>(), new PartFlow(joins));
        try
        {
            foreach (var part in parts)
            {
                var size = sizes[SizesOf(part)];
                labelled.Add(part.IsKept
                    ? KeptRun.Execute(part, store, flow, size, rules)
                    : LabelRun.Execute(part, store, unruled, cuts, flow, size, rules));
            }

            var missed = parts.Any(part => part.IsBeginning) ? 0 : LooseEnds.Settle(labelled, store);
            return new LabelledGraph(store, labelled, unruled) { Missed = missed };
        }
        catch (TooManyNodesException)
        {
            // Nodes say it themselves.
            throw TooManyNodesException.Refusal();
        }
    }

    // Once more under other lengths, and where cuts stay the same once more under these.
    private LabelledGraph WithSteadyCuts(LabelledGraph graph, ProbeSizes[] sizes, LengthCuts cuts)
    {
        try
        {
            var others = new LengthCuts();
            Run([.. sizes.Select(size => size.Longer)], others, []);
            var steady = cuts.SameAs(others);
            return steady.Count == 0 ? graph : Run(sizes, new LengthCuts(steady), []);
        }
        catch (RefusedException)
        {
            return graph;
        }
    }
}
