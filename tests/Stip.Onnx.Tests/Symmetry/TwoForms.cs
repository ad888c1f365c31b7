using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Reports;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>Compares what runs of cells say of a graph, with scores of attention cell by cell and by rows, with
/// positions one by one and as vectors, with what cells one by one say: the same classes and groups.</summary>
internal sealed class TwoForms
{
    private readonly SymmetryAnalysis _runs;
    private readonly SymmetryAnalysis _cells;
    private readonly Dictionary<(string What, int InRuns), int> _forth = [];
    private readonly Dictionary<(string What, int InCells), int> _back = [];

    private TwoForms(SymmetryAnalysis runs, SymmetryAnalysis cells) => (_runs, _cells) = (runs, cells);

    /// <param name="file">The graph.</param>
    /// <param name="longestRun">Most cells in a run of the first form.</param>
    public static void AssertAgree(ModelFile file, int longestRun = int.MaxValue)
    {
        var cells = SymmetryAnalysis.Of(file, longestRun: 1);
        new TwoForms(SymmetryAnalysis.Of(file, longestRun), cells).AssertAgree();
        new TwoForms(SymmetryAnalysis.Of(file, longestRun, mostScores: 0), cells).AssertAgree();
        new TwoForms(SymmetryAnalysis.Of(file, longestRun, mostPlaces: 0), cells).AssertAgree();
    }

    /// <summary>The same for all parts of a model, with what goes from one into the next.</summary>
    public static void AssertAgree(PlainModel model)
    {
        var cells = SymmetryAnalysis.Of(model.Parts, model.Joins, longestRun: 1);
        new TwoForms(SymmetryAnalysis.Of(model.Parts, model.Joins), cells).AssertAgree();
        new TwoForms(SymmetryAnalysis.Of(model.Parts, model.Joins, mostPlaces: 0), cells).AssertAgree();
    }

    private void AssertAgree()
    {
        var (groupsOfRuns, groupsOfCells) = (Groups(_runs), Groups(_cells));
        foreach (var ((name, runs), (_, cells)) in Places(_runs).Zip(Places(_cells)))
        {
            Assert.Equal(cells.Length, runs.Length);
            for (var i = 0; i < runs.Length; i++)
            {
                Assert.True(
                    _cells.Classes.Size(cells[i]) == _runs.Classes.Size(runs[i]),
                    $"{name}[{i}] is in a class of {_runs.Classes.Size(runs[i])}, cell by cell of "
                    + $"{_cells.Classes.Size(cells[i])}");
                AssertPaired($"class of {name}", _runs.Classes.ClassOf(runs[i]), _cells.Classes.ClassOf(cells[i]));
                AssertPaired($"group of {name}", groupsOfRuns.GroupOf(runs[i]), groupsOfCells.GroupOf(cells[i]));
            }
        }
    }

    private static ClassGroups Groups(SymmetryAnalysis analysis) => new(analysis.Adjacency, analysis.Classes);

    // Every place of the graph that has labels: ports, initialisers as wholes, and their axes.
    private static IEnumerable<(string Name, int[] Labels)> Places(SymmetryAnalysis analysis) =>
        analysis.Graph.Inputs.Concat(analysis.Graph.Outputs).Select(port => (port.Name, port.Nodes))
            .Concat(analysis.Graph.Weights.Select(weight => (weight.Tensor.Name, new[] { weight.Root })))
            .Concat(analysis.Graph.Weights.SelectMany(weight => weight.Shape.Select((_, axis) =>
                ($"{weight.Tensor.Name}.{axis}", weight.AxisOrNull(axis) ?? []))));

    // Numbers of classes differ between the forms; which labels share one must not.
    private void AssertPaired(string what, int inRuns, int inCells)
    {
        var scope = what[..5];
        _forth.TryAdd((scope, inRuns), inCells);
        _back.TryAdd((scope, inCells), inRuns);
        Assert.True(
            _forth[(scope, inRuns)] == inCells && _back[(scope, inCells)] == inRuns, $"the forms differ on the {what}");
    }
}
