using System.Globalization;
using System.Security.Cryptography;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Refinement;
using Stip.Onnx.Symmetry.Reports;
using Stip.Onnx.Symmetry.Rules;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Protection;

/// <summary>A plan for every graph of a model, and how large the choice was that they were drawn from.</summary>
/// <param name="ByPart">By the key of the part.</param>
/// <param name="KeyBits">Base-2 logarithm of the number of possible plans, about.</param>
internal sealed record DrawnPlans(IReadOnlyDictionary<string, ProtectionPlan> ByPart, double KeyBits)
{
    /// <summary>Inputs and outputs of the server that cross in the clear.</summary>
    public IReadOnlyList<string> Clear { get; init; } = [];

    // A hidden state or a vocabulary most of which stays in place hides nothing worth the name.
    private const double LeastMovingShare = 0.5;

    // The same of all weights: what is left would give the model away.
    private const double LeastMovingWeights = 0.3;

    private const double MostLeftByChance = 0.01;
    private const int MostDraws = 8;

    // With this much hidden, a head over the vocabulary is among it.
    private const double NearlyAllWeights = 0.9;

    /// <summary>The plans that move nothing.</summary>
    public static DrawnPlans Nothing(IReadOnlyList<GraphPart> parts) =>
        new(parts.ToDictionary(part => part.Key, _ => ProtectionPlan.Nothing), 0);

    /// <summary>Finds the symmetries of a model and draws one of its automorphisms.</summary>
    /// <param name="parts">Its graphs.</param>
    /// <param name="joins">Features that they share.</param>
    /// <param name="random">The source of randomness.</param>
    /// <param name="features">Inputs that are features and come from the client, besides rows of a table.</param>
    /// <exception cref="RefusedException">The hidden state, the logits or most of the weights would stay as they
    /// are.</exception>
    public static DrawnPlans Draw(
        IReadOnlyList<GraphPart> parts,
        IReadOnlyList<PortJoin> joins,
        RandomNumberGenerator random,
        IReadOnlyCollection<string>? features = null) => Draw(parts, joins, random, features, 1)[0];

    /// <summary>Draws several automorphisms, each independent of the others, of a model that is read once.</summary>
    /// <param name="parts">Its graphs.</param>
    /// <param name="joins">Features that they share.</param>
    /// <param name="random">The source of randomness.</param>
    /// <param name="features">Inputs that are features and come from the client, besides rows of a table.</param>
    /// <param name="count">How many.</param>
    /// <param name="rules">Rules by operator; null for those of the registry.</param>
    /// <exception cref="RefusedException">The hidden state, the logits or most of the weights would stay as they
    /// are.</exception>
    public static IReadOnlyList<DrawnPlans> Draw(
        IReadOnlyList<GraphPart> parts,
        IReadOnlyList<PortJoin> joins,
        RandomNumberGenerator random,
        IReadOnlyCollection<string>? features,
        int count,
        Func<string, IOperatorRule?>? rules = null)
    {
        var analysis = SymmetryAnalysis.Of(parts, joins, rules);
        foreach (var part in analysis.Graph.Parts.Where(part => !part.Part.IsClient))
        {
            RefuseInTheOpen(analysis, part, features ?? [], stays => DividingNode.Find(
                parts, joins, rules, part.Part.Key, stays));
        }

        return [.. Enumerable.Range(0, count).Select(_ => DrawOne(analysis, joins, random))];
    }

    private static DrawnPlans DrawOne(
        SymmetryAnalysis analysis, IReadOnlyList<PortJoin> joins, RandomNumberGenerator random)
    {
        var (targets, bits) = Drawn(analysis, random);
        var plans = analysis.Graph.Parts.ToDictionary(
            part => part.Part.Key, part => ProtectionPlan.From(part, targets));
        JoinedPorts.RefuseApart(plans, joins);
        foreach (var part in analysis.Graph.Parts)
        {
            JoinedPorts.RefuseApart(part, plans[part.Part.Key]);
        }

        return new DrawnPlans(plans, bits) { Clear = ClearPorts.Of(analysis) };
    }

    // What moves by a small choice may be drawn as it was: then once more, and the best of some draws counts.
    private static (Automorphism Targets, double Bits) Drawn(SymmetryAnalysis analysis, RandomNumberGenerator random)
    {
        WeightNodes[] weights = [.. analysis.Graph.Parts.SelectMany(part => part.Weights)];
        var best = analysis.Draw(random);
        var left = MovedWeights.ShareLeft(analysis, weights, best.Targets);
        for (var draw = 1; draw < MostDraws && left > MostLeftByChance; draw++)
        {
            var other = analysis.Draw(random);
            if (MovedWeights.ShareLeft(analysis, weights, other.Targets) is var share && share < left)
            {
                (best, left) = (other, share);
            }
        }

        return best;
    }

    private static void RefuseInTheOpen(
        SymmetryAnalysis analysis,
        LabelledPart part,
        IReadOnlyCollection<string> features,
        Func<Func<LabelledPart, SymmetryAnalysis, bool>, string?> divide)
    {
        foreach (var port in part.Inputs.Where(port => port.Name == DecoderPorts.Embeds
            || features.Contains(port.Name)))
        {
            RefusePinned(analysis, port, "hidden state", () => divide((beginning, found) =>
                beginning.Inputs.First(input => input.Name == port.Name) is var input
                && Moving(found, input) < input.Nodes.Length * LeastMovingShare));
        }

        var share = MovedWeights.Share(analysis, part.Weights);
        if (share < LeastMovingWeights)
        {
            throw new RefusedException(string.Create(
                CultureInfo.InvariantCulture,
                $"only {share:P0} of the weights of '{part.Part.FileName}' could move"
                + $"{Because(analysis, Held(analysis, part))}"));
        }

        // One number, for a token or for a whole text, has no features to hide; whatever has some must have them moved.
        foreach (var port in part.Outputs.Where(port => port.Name == part.Part.Logits
            && !port.ArePairs && port.Nodes.Length > 1 && (share < NearlyAllWeights || port.FeatureAxes.Length > 0)))
        {
            RefusePinned(analysis, port, "logits");
        }
    }

    private static void RefusePinned(
        SymmetryAnalysis analysis, LabelledPort port, string what, Func<string?>? divide = null)
    {
        var moving = Moving(analysis, port);
        if (moving < port.Nodes.Length * LeastMovingShare)
        {
            int[] held = [.. port.Nodes.Where(node => analysis.Classes.Size(node) == 1)];
            var because = divide?.Invoke() is { } node ? $" ({node})"
                : Ranking(analysis, port.Name) is { } ranking
                ? $" (they are the largest ones in order, which operator {ranking.OpType}, node '{ranking.Name}', "
                    + "chooses: the graph must give them all)"
                : Because(analysis, held is [var first, ..] ? first : null);
            throw new RefusedException(
                $"the {what} would stay in place: only {moving} of {port.Nodes.Length} features of '{port.Name}' "
                + $"can move{because}");
        }
    }

    // What is left of logits once the largest of them were chosen has no order that could be another.
    private static NodeProto? Ranking(SymmetryAnalysis analysis, string output)
    {
        foreach (var graph in analysis.Graph.Parts.Select(part => part.Part.Graph))
        {
            var maker = Maker(graph, output);
            while (maker is { OpType: "Softmax" or "Identity" or "Cast" or "Div" or "LogSoftmax", Input.Count: > 0 })
            {
                maker = Maker(graph, maker.Input[0]);
            }

            if (maker is { OpType: "TopK" })
            {
                return maker;
            }
        }

        return null;
    }

    private static NodeProto? Maker(GraphProto graph, string name) =>
        graph.Node.FirstOrDefault(node => node.Output.Contains(name));

    private static int Moving(SymmetryAnalysis analysis, LabelledPort port) =>
        port.Nodes.Count(node => analysis.Classes.Size(node) > 1);

    // An index that stays, of the longest weight that has one.
    private static int? Held(SymmetryAnalysis analysis, LabelledPart part) =>
        part.Weights.OrderByDescending(weight => weight.Tensor.ElementCount)
            .SelectMany(weight => MovedWeights.Axes(weight).SelectMany(axis => weight.AxisOrNull(axis) ?? []))
            .Where(node => analysis.Classes.Size(node) == 1).Cast<int?>().FirstOrDefault();

    private static string Because(SymmetryAnalysis analysis, int? held)
    {
        var reasons = new PinReasons(analysis.Segments, analysis.Adjacency, analysis.Classes);
        return analysis.Graph.Unruled.Count > 0 ? $" ({analysis.Graph.Unruled[0]})"
            : held is { } node ? $" ({reasons.Of(node)})"
            : "";
    }
}
