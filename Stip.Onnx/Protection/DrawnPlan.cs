using System.Security.Cryptography;
using Stip.Onnx.Execution;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Protection;

/// <summary>A plan and how large the choice was that it was drawn from.</summary>
/// <param name="Plan">What moves where.</param>
/// <param name="KeyBits">Base-2 logarithm of the number of possible plans, about.</param>
internal sealed record DrawnPlan(ProtectionPlan Plan, double KeyBits)
{
    // A hidden state or a vocabulary most of which stays in place hides nothing worth the name.
    private const double LeastMovingShare = 0.5;

    /// <summary>Finds a graph's symmetries and draws one of its automorphisms.</summary>
    /// <exception cref="RefusedException">The hidden state or the logits would stay as they are.</exception>
    public static DrawnPlan Draw(Model.ModelFile file, RandomNumberGenerator random)
    {
        var analysis = SymmetryAnalysis.Of(file);
        RefusePinned(analysis, analysis.Graph.Inputs, DecoderPorts.Embeds, "hidden state");
        RefusePinned(analysis, analysis.Graph.Outputs, DecoderPorts.Logits, "logits");
        var (targets, bits) = analysis.Draw(random);
        return new DrawnPlan(ProtectionPlan.From(analysis.Graph, targets), bits);
    }

    private static void RefusePinned(
        SymmetryAnalysis analysis, IReadOnlyList<LabelledPort> ports, string name, string what)
    {
        var port = ports.FirstOrDefault(port => port.Name == name)
            ?? throw new RefusedException($"the graph has no '{name}' of features, so its {what} cannot be hidden");
        var moving = port.Nodes.Count(node => analysis.Classes.Size(node) > 1);
        if (moving < port.Nodes.Length * LeastMovingShare)
        {
            var because = analysis.Graph.Unruled.Count == 0 ? "" : $" ({analysis.Graph.Unruled[0]})";
            throw new RefusedException(
                $"the {what} stays in place: only {moving} of {port.Nodes.Length} features of '{name}' "
                + $"can move{because}");
        }
    }
}
