using System.Security.Cryptography;
using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Symmetry.Refinement;

namespace Stip.Onnx.Symmetry;

/// <summary>The axis symmetries of one graph.</summary>
internal sealed class SymmetryAnalysis
{
    private SymmetryAnalysis(LabelledGraph graph)
    {
        Graph = graph;
        Adjacency = new Adjacency(graph.Store);
        Classes = NodeClasses.Find(graph.Store, Adjacency);
    }

    public LabelledGraph Graph { get; }

    public Adjacency Adjacency { get; }

    public NodeClasses Classes { get; }

    /// <summary>Runs a graph on labels and finds the classes of its nodes.</summary>
    /// <exception cref="RefusedException">The graph cannot be followed.</exception>
    public static SymmetryAnalysis Of(ModelFile file) => new(LabelRun.Execute(file));

    /// <summary>The same for a model of several graphs: one analysis, so that what they share moves as one.</summary>
    /// <exception cref="RefusedException">A graph cannot be followed.</exception>
    public static SymmetryAnalysis Of(IReadOnlyList<GraphPart> parts, IReadOnlyList<PortJoin> joins) =>
        new(LabelRun.Execute(parts, joins));

    /// <summary>
    /// Draws a random automorphism: for every node the node that it becomes, and the size of the choice in bits.
    /// </summary>
    public (int[] Targets, double Bits) Draw(RandomNumberGenerator random) =>
        AutomorphismSearch.Draw(Adjacency, Classes, random);
}
