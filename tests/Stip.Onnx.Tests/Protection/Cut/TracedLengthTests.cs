using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Graphs that were traced at one length, which their inputs leave free all the same.</summary>
public sealed class TracedLengthTests : IDisposable
{
    private const int Hidden = 8;
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Protect_OfATableOfPlacesThatIsAddedWhole_FindsItsLength()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "b", "s");
        _graph.Add("Gather", "words", _graph.Weight("tokens", 11, Hidden), "input_ids");
        _graph.Add("Add", "rows", "words", _graph.Weight("places", 21, Hidden));

        var warnings = Protect();

        Assert.Equal(21, TracedLength.Of(_graph.FilePath));
        Assert.Contains(warnings, warning => warning.Contains("a length of 21 alone", StringComparison.Ordinal));
    }

    // One row would fit, as if the table stood at its place; no text is so short.
    [Fact]
    public void Of_ATableThatNoLengthFits_IsNotOne()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "b", "s");
        _graph.Add("Gather", "words", _graph.Weight("tokens", 11, Hidden), "input_ids");
        _graph.Add("Slice", "others", "words", _graph.Numbers(1), _graph.Numbers(1L << 40), _graph.Numbers(1));
        _graph.With("Concat", "rows", ["words", "others"], NodeAttribute.Int("axis", 1));
        _graph.Add("Add", "sum", "rows", _graph.Weight("places", 6, Hidden));
        _graph.Add("MatMul", "last_hidden_state", "sum", _graph.Weight("first", Hidden, Hidden));
        _graph.Output("last_hidden_state", "b", "d0", Hidden);
        _graph.Save().Dispose();

        Assert.Null(TracedLength.Of(_graph.FilePath));
    }

    // As in a spectrogram transformer: two tokens, and five rows of windows that lie three frames apart.
    [Fact]
    public void Protect_OfASpectrogramWithATableOfItsWindows_FindsALengthThatFits()
    {
        _graph.Input("input_values", "b", "t", 17);
        _graph.Add("Unsqueeze", "picture", "input_values", _graph.Numbers(1));
        _graph.With("Conv", "seen", ["picture", _graph.Weight("stem", Hidden, 1, 4, 4)],
            NodeAttribute.Ints("strides", 3, 3), NodeAttribute.Ints("kernel_shape", 4, 4));
        _graph.Add("Reshape", "flat", "seen", _graph.Numbers(0, Hidden, -1));
        _graph.With("Transpose", "windows", ["flat"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.With("Slice", "two", ["windows", _graph.Numbers(0), _graph.Numbers(2), _graph.Numbers(1)]);
        _graph.With("Concat", "all", ["two", "windows"], NodeAttribute.Int("axis", 1));
        _graph.Add("Add", "rows", "all", _graph.Weight("places", (21 * 5) + 2, Hidden));

        Protect();

        Assert.InRange(TracedLength.Of(_graph.FilePath)!.Value, 64, 66);
    }

    // As PyTorch writes a mask of lengths: as many columns as the longest example had.
    [Fact]
    public void Protect_OfAReshapeToALengthThatIsAConstant_FindsIt()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "b", "s");
        _graph.Add("Gather", "words", _graph.Weight("tokens", 11, Hidden), "input_ids");
        _graph.Add("Reshape", "rows", "words", _graph.Numbers(-1, 13, Hidden));
        _graph.Add("Add", "sum", "rows", "words");
        _graph.Add("Identity", "kept", "sum");

        Protect("kept");

        Assert.Equal(13, TracedLength.Of(_graph.FilePath));
    }

    [Fact]
    public void Next_WithoutAnythingThatGrows_IsOneAtLast()
    {
        var search = new LengthSearch();
        search.Add(3, Misfit(2, 5));
        search.Add(8, Misfit(2, 5));

        Assert.Equal(1, search.Next());
        Assert.Null(search.Next());
    }

    [Fact]
    public void Next_OfWhatFailedAtTwoLengths_MeetsAlongALine()
    {
        var search = new LengthSearch();
        search.Add(3, Misfit(2 + (4 * 3), 5));
        search.Add(8, Misfit(2 + (4 * 8), 5));
        search.Add(40, Misfit(2 + (4 * 40), 5));

        Assert.Equal(25, search.Next());
    }

    [Fact]
    public void Next_OfALengthThatIsNoLessThanOneThatWasTooLarge_IsLeftOut()
    {
        var search = new LengthSearch();
        search.Add(3, Misfit(2 + (4 * 3), 5));
        search.Add(8, Misfit(2 + (4 * 8), 5));
        search.EndBefore(25);

        Assert.Equal(1, search.Next());
    }

    [Fact]
    public void GoOn_OfALengthThatWasSearchedForAndIsTooLarge_Ends()
    {
        var sizes = new ProbeSizes(3, 2, 4, 0);
        var trials = new SizeTrials([[sizes, sizes.WithFree(8)]]);
        Assert.True(trials.GoOn(0, new RefusedException("no", Misfit(2 + (4 * 3), 5))));
        Assert.True(trials.GoOn(0, new RefusedException("no", Misfit(2 + (4 * 8), 5))));
        Assert.Equal(25, trials.Sizes[0].Sequence);

        Assert.False(trials.GoOn(0, new RefusedException("too large")));
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    // Rows of 102 places meet those of so many.
    private static MisfitException Misfit(int rows, int features) =>
        new("sum", [[2, rows, features], [1, 102, features]], new ArgumentException("no"));

    private IReadOnlyList<string> Protect(string rows = "rows")
    {
        _graph.Add("MatMul", "up", rows, _graph.Weight("first", Hidden, 2 * Hidden));
        _graph.Add("Relu", "active", "up");
        _graph.Add("MatMul", "last_hidden_state", "active", _graph.Weight("second", 2 * Hidden, Hidden));
        _graph.Output("last_hidden_state", "b", "d0", Hidden);
        _graph.Save().Dispose();
        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("traced"), new SeededRandom(3));
        Assert.True(made.Verification!.Passed);
        return made.Warnings;
    }
}
