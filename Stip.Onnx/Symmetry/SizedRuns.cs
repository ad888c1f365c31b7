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
    // Parts of one graph run at the same sizes.
    private readonly GraphProto[] _sizedBy = [.. parts.Select(part => part.SizedBy)
        .Distinct(ReferenceEqualityComparer.Instance).Cast<GraphProto>()];

    private IReadOnlySet<int>? _parted;

    /// <summary>The sizes at which the graph ran whose inputs come first.</summary>
    public ProbeSizes? Sizes { get; private set; }

    /// <exception cref="RefusedException">A graph cannot be followed.</exception>
    public LabelledGraph Execute()
    {
        var trials = new SizeTrials(
            [.. _sizedBy.Select(graph => ProbeSizes.Guesses(graph, FunctionsOf(graph)).ToArray())]);
        (LabelledGraph Graph, ProbeSizes[] Sizes, LengthCuts Cuts)? shorter = null;
        while (true)
        {
            var sizes = trials.Sizes;
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

                if (graph.Missed > 0 && trials.GoLarger())
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
            catch (RefusedException e) when (e.InnerException is not null || trials.HasFailed)
            {
                var failed = SizesOf(parts[Math.Min(labelled.Count, parts.Count - 1)]);
                if (!trials.GoOn(failed, e))
                {
                    throw trials.Refusal(failed);
                }
            }
        }
    }

    private LabelledGraph Settled((LabelledGraph Graph, ProbeSizes[] Sizes, LengthCuts Cuts) run)
    {
        Sizes = run.Sizes[0];
        return run.Cuts.IsEmpty ? run.Graph : WithSteadyCuts(run.Graph, run.Sizes, run.Cuts);
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
            var (steady, outputs) = (cuts.SameAs(others), cuts.StillAs(others));
            return steady.Count + outputs.Count == 0 ? graph : Run(sizes, new LengthCuts(steady, outputs), []);
        }
        catch (RefusedException)
        {
            return graph;
        }
    }
}
