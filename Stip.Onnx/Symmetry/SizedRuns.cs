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
/// <param name="mostScores">Most products of queries and keys that are written out.</param>
/// <param name="rules">Rules by operator.</param>
internal sealed class SizedRuns(
    IReadOnlyList<GraphPart> parts,
    IReadOnlyList<PortJoin> joins,
    int longestRun,
    int mostScores,
    Func<string, IOperatorRule?> rules)
{
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

                return cuts.IsEmpty ? graph : WithSteadyCuts(graph, sizes, cuts);
            }
            catch (RefusedException e) when (e.InnerException is not null)
            {
                first ??= e;
                var failed = SizesOf(parts[labelled.Count]);
                if (++tried[failed] == guesses[failed].Length)
                {
                    throw first;
                }
            }
        }
    }

    private IEnumerable<FunctionProto> FunctionsOf(GraphProto graph) => parts
        .Where(part => ReferenceEquals(part.SizedBy, graph)).SelectMany(part => part.Model.Functions)
        .DistinctBy(function => (function.Domain, function.Name, function.Overload));

    private int SizesOf(GraphPart part) => Array.FindIndex(_sizedBy, graph => ReferenceEquals(graph, part.SizedBy));

    private LabelledGraph Run(ProbeSizes[] sizes, LengthCuts cuts, List<LabelledPart> labelled)
    {
        var store = new NodeStore(longestRun, mostScores: mostScores, parted: _parted);
        var (unruled, flow) = (new List<string>(), new PartFlow(joins));
        foreach (var part in parts)
        {
            var size = sizes[SizesOf(part)];
            labelled.Add(part.IsKept
                ? KeptRun.Execute(part, store, flow, size, rules)
                : LabelRun.Execute(part, store, unruled, cuts, flow, size, rules));
        }

        LooseEnds.Settle(labelled, store);
        return new LabelledGraph(store, labelled, unruled);
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
