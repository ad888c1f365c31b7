using System.Security.Cryptography;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Protection;

/// <summary>A plan for every graph of a model, and how large the choice was that they were drawn from.</summary>
/// <param name="ByPart">By the key of the part.</param>
/// <param name="KeyBits">Base-2 logarithm of the number of possible plans, about.</param>
internal sealed record DrawnPlans(IReadOnlyDictionary<string, ProtectionPlan> ByPart, double KeyBits)
{
    // A hidden state or a vocabulary most of which stays in place hides nothing worth the name.
    private const double LeastMovingShare = 0.5;

    /// <summary>The plans that move nothing.</summary>
    public static DrawnPlans Nothing(IReadOnlyList<GraphPart> parts) =>
        new(parts.ToDictionary(part => part.Key, _ => ProtectionPlan.Nothing), 0);

    /// <summary>Finds the symmetries of a model and draws one of its automorphisms.</summary>
    /// <exception cref="RefusedException">The hidden state or the logits would stay as they are.</exception>
    public static DrawnPlans Draw(
        IReadOnlyList<GraphPart> parts, IReadOnlyList<PortJoin> joins, RandomNumberGenerator random)
    {
        var analysis = SymmetryAnalysis.Of(parts, joins);
        foreach (var part in analysis.Graph.Parts.Where(part => !part.Part.IsClient))
        {
            RefuseInTheOpen(analysis, part);
        }

        var (targets, bits) = analysis.Draw(random);
        return new DrawnPlans(
            analysis.Graph.Parts.ToDictionary(part => part.Part.Key, part => ProtectionPlan.From(part, targets)), bits);
    }

    private static void RefuseInTheOpen(SymmetryAnalysis analysis, LabelledPart part)
    {
        foreach (var port in part.Inputs.Where(port => port.Name == DecoderPorts.Embeds))
        {
            RefusePinned(analysis, port, "hidden state");
        }

        foreach (var port in part.Outputs.Where(port => port.Name == DecoderPorts.Logits))
        {
            RefusePinned(analysis, port, "logits");
        }
    }

    private static void RefusePinned(SymmetryAnalysis analysis, LabelledPort port, string what)
    {
        var moving = port.Nodes.Count(node => analysis.Classes.Size(node) > 1);
        if (moving < port.Nodes.Length * LeastMovingShare)
        {
            var because = analysis.Graph.Unruled.Count == 0 ? "" : $" ({analysis.Graph.Unruled[0]})";
            throw new RefusedException(
                $"the {what} stays in place: only {moving} of {port.Nodes.Length} features of '{port.Name}' "
                + $"can move{because}");
        }
    }
}
