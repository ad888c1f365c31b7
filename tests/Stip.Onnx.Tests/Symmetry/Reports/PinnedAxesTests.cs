using System.Security.Cryptography;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Reports;

namespace Stip.Onnx.Tests.Symmetry.Reports;

/// <summary>What stays is named with what holds it.</summary>
public sealed class PinnedAxesTests
{
    [Fact]
    public void PlacesUnderAKernel_Stay_AndTheOperatorIsNamed()
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", 5, "seq");
        graph.With("Conv", "y", ["x", graph.Weight("w", 7, 5, 3)], new AttributeProto
        {
            Name = "pads",
            Type = AttributeProto.Types.AttributeType.Ints,
            Ints = { 1, 1 },
        });
        graph.Output("y", "batch", 7, "seq");
        using var file = graph.Save();
        using var random = RandomNumberGenerator.Create();

        var report = SymmetryInspector.Report(SymmetryAnalysis.Of(file), random);

        Assert.Contains(new PinnedAxis("w", 2, 3, "places under the kernel of Conv"), report.Pinned);
    }
}
