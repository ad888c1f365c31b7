using System.Security.Cryptography;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Refinement;

namespace Stip.Onnx.Symmetry;

/// <summary>The axis symmetries of one graph.</summary>
internal sealed class SymmetryAnalysis
{
    private readonly Adjacency _adjacency;

    private SymmetryAnalysis(LabelledGraph graph)
    {
        Graph = graph;
        _adjacency = new Adjacency(graph.Store);
        Classes = NodeClasses.Find(graph.Store, _adjacency);
    }

    public LabelledGraph Graph { get; }

    public NodeClasses Classes { get; }

    /// <summary>Runs a graph on labels and finds the classes of its nodes.</summary>
    /// <exception cref="RefusedException">The graph cannot be followed.</exception>
    public static SymmetryAnalysis Of(ModelFile file) => new(LabelRun.Execute(file));

    /// <summary>Draws a random automorphism: for every node the node that it becomes, and the size of the choice in bits.</summary>
    public (int[] Targets, double Bits) Draw(RandomNumberGenerator random) =>
        AutomorphismSearch.Draw(_adjacency, Classes, random);
}
