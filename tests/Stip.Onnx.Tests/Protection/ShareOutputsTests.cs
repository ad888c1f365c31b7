using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

/// <summary>Outputs of a sigmoid that are next to nothing, as maps of what a picture does not show.</summary>
public sealed class ShareOutputsTests : IDisposable
{
    private const int Places = 64;

    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("Sigmoid", true)]
    [InlineData("Tanh", false)]
    public void Protect_OfSharesNearNothing_CountsTheirOwnRounding(string last, bool areShares)
    {
        Build(last, -12);
        using var plain = PlainModel.Open(_graph.FilePath);
        var comparison = new OutputComparison(plain);

        // What the runtime's sigmoid of -12 is off by, whichever way sums are rounded.
        comparison.Add("shares", [6.1e-6f, 6.2e-6f], [6.1e-6f, 6.2e-6f + (3f / (1 << 24))]);

        Assert.Equal(areShares, comparison.Report(1, null).Passed);
    }

    [Fact]
    public void Protect_OfAMapThatShowsNothing_IsVerified()
    {
        Build("Sigmoid", -12);

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("nothing"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
    }

    [Fact]
    public void Report_OfSharesThatTradedPlaces_Fails()
    {
        Build("Sigmoid", 0);
        using var plain = PlainModel.Open(_graph.FilePath);
        var comparison = new OutputComparison(plain);

        comparison.Add("shares", [0.1f, 0.2f], [0.2f, 0.1f]);

        Assert.False(comparison.Report(1, null).Passed);
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private void Build(string last, float bias)
    {
        _graph.Input("x", "batch", 3, Places);
        _graph.Add("MatMul", "wide", "x", _graph.Weight("up", Places, 4 * Places));
        _graph.Add("Relu", "seen", "wide");
        _graph.Add("MatMul", "narrow", "seen", _graph.Weight("down", 4 * Places, Places));
        _graph.Add("Add", "numbers", "narrow", _graph.Number(bias));
        _graph.Add(last, "whole", "numbers");
        _graph.With("Transpose", "shares", ["whole"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Output("shares", "batch", Places, 3);
        _graph.Save().Dispose();
    }
}
