using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Ports;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Symmetry.Ports;

/// <summary>Inputs whose names say nothing are told apart by what a graph does with them.</summary>
public sealed class PortUsesTests : IDisposable
{
    private const int Width = 6;
    private readonly SmallGraph _graph = new();

    [Fact]
    public void Uses_OfNumbersThatMeetScores_IsAMask()
    {
        Numbers("a", "batch", "total");
        _graph.With("Cast", "floats", ["a"], NodeAttribute.Int("to", 1));
        _graph.Add("Sub", "away", _graph.Number(1), "floats");
        _graph.Add("Mul", "bias", "away", _graph.Number(-1e4f));
        _graph.Add("Add", "masked", Scores(), "bias");

        Assert.Equal(PortUse.Mask, Use("a"));
    }

    [Theory]
    [InlineData("a", false)]
    [InlineData("attention_mask", true)]
    public void Uses_OfNumbersThatMultiplyFeatures_IsShownToBeAMaskIfTheNameSaysSo(string name, bool isShown)
    {
        Numbers(name, "batch", "seq");
        _graph.With("Cast", "floats", [name], NodeAttribute.Int("to", 1));
        _graph.Add("Unsqueeze", "column", "floats", _graph.Numbers(2));
        _graph.Add("Mul", "kept", _graph.Hidden(Width), "column");

        Assert.Equal(PortUse.Mask, Use(name));
        Assert.Equal(isShown, new PortUses(_graph.Graph.Graph).IsShown(name));
    }

    [Fact]
    public void Uses_OfNumbersThatChooseScores_IsAMask()
    {
        Numbers("a", "batch", "total");
        _graph.Add("Equal", "hidden", "a", _graph.Integer(0));
        _graph.Add("Where", "masked", "hidden", _graph.Number(-1e4f), Scores());

        Assert.Equal(PortUse.Mask, Use("a"));
    }

    [Fact]
    public void Uses_OfFloatsThatAreAddedToScores_IsAMask()
    {
        _graph.Input("a", "batch", 1, "seq", "total");
        _graph.Add("Add", "masked", Scores(), "a");
        _graph.Add("Softmax", "shares", "masked");

        Assert.Equal(PortUse.Mask, Use("a"));
    }

    [Fact]
    public void Uses_OfAStateThatProductsAreAddedTo_IsNone()
    {
        // Linear attention: a state fades, and products of keys and values are added to it.
        _graph.Input("a", "batch", Width, Width);
        _graph.Hidden(Width, "keys");
        _graph.Hidden(Width, "values");
        _graph.With("Transpose", "turned", ["keys"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("MatMul", "products", "turned", "values");
        _graph.Add("Mul", "faded", "a", _graph.Number(0.9f));
        _graph.Add("Add", "state", "faded", "products");
        _graph.Add("MatMul", "answer", "keys", "state");

        Assert.Equal(PortUse.Unknown, Use("a"));
    }

    [Fact]
    public void Uses_OfFloatsThatWeightsMeet_IsNone()
    {
        Scores();
        _graph.Add("MatMul", "r", "x", _graph.Weight("w_r", Width, Width));
        _graph.Add("Add", "stream", "x", "r");

        Assert.Equal(PortUse.Unknown, Use("x"));
    }

    [Fact]
    public void Uses_OfNumbersThatBecomeAngles_IsAPosition()
    {
        Numbers("a", "batch", "seq");
        _graph.With("Cast", "floats", ["a"], NodeAttribute.Int("to", 1));
        _graph.Add("Unsqueeze", "column", "floats", _graph.Numbers(2));
        _graph.Add("Mul", "angles", "column", _graph.Weight("frequencies", Width / 2));
        _graph.With("Concat", "twice", ["angles", "angles"], NodeAttribute.Int("axis", -1));
        _graph.Add("Cos", "cosines", "twice");
        _graph.Add("Mul", "turned", _graph.Hidden(Width), "cosines");

        Assert.Equal(PortUse.Position, Use("a"));
    }

    [Fact]
    public void Uses_OfIndicesOfRowsThatAnOperatorTakesForCosines_IsAPosition()
    {
        Numbers("a", "batch", "seq");
        _graph.Add("Gather", "cosines", _graph.Weight("cosine_table", 9, Width / 2), "a");
        _graph.Add("Gather", "sines", _graph.Weight("sine_table", 9, Width / 2), "a");
        _graph.With(
            "RotaryEmbedding", "turned", [_graph.Hidden(Width), "cosines", "sines"], NodeAttribute.Int("num_heads", 1));

        Assert.Equal(PortUse.Position, Use("a"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Uses_OfIndicesOfRowsThatMultiplyFeatures_IsNone(bool isPadding)
    {
        // Words gate features in the same way; that they tell their own padding makes them no mask.
        Numbers("a", "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("gates", 9, Width), "a");
        _graph.Add("Mul", "gated", _graph.Hidden(Width), "rows");
        if (isPadding)
        {
            _graph.Add("Equal", "hidden", "a", _graph.Integer(0));
            _graph.Add("Where", "masked", "hidden", _graph.Number(-1e4f), Scores());
        }

        Assert.Equal(PortUse.Unknown, Use("a"));
        Assert.True(new PortUses(_graph.Graph.Graph).IsIndex("a"));
    }

    [Fact]
    public void Uses_OfIdsThatAreCountedForAttention_IsNoMask()
    {
        Numbers("a", "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, Width), "a");
        _graph.Add("Add", "sum", "rows", _graph.Weight("bias", Width));
        _graph.Add("Equal", "pads", "a", _graph.Integer(1));
        _graph.Add("Not", "words", "pads");
        _graph.With("Cast", "mask", ["words"], NodeAttribute.Int("to", 6));
        _graph.Microsoft(
            "MultiHeadAttention", "y", ["sum", "sum", "sum", "", "mask"], NodeAttribute.Int("num_heads", 1));

        Assert.Equal(PortUse.Unknown, Use("a"));
    }

    [Fact]
    public void Uses_OfIndicesOfRowsThatAreAdded_IsNone()
    {
        // Tokens as well as learned positions: whatever is not known to be open stays with the client.
        Numbers("a", "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, Width), "a");
        _graph.Add("Add", "sum", "rows", _graph.Weight("bias", Width));

        Assert.Equal(PortUse.Unknown, Use("a"));
    }

    [Theory]
    [InlineData("Expand", 1, PortUse.Place)]
    [InlineData("Identity", 1, PortUse.Unknown)]
    [InlineData("Expand", 2, PortUse.Unknown)]
    public void Uses_OfNumbersThatPickAmongFeatures_IsAPlaceIfTheyPickRows(
        string spread, int axis, object expected)
    {
        // A number for each cell may say which words are meant, and stays with the client.
        Numbers("a", "batch", "n", 1);
        string[] reads = spread == "Expand" ? ["a", _graph.Numbers(1, 1, Width)] : ["a"];
        _graph.With(
            "GatherElements", "picked", [_graph.Hidden(Width), _graph.Add(spread, "cells", reads)],
            NodeAttribute.Int("axis", axis));

        Assert.Equal((PortUse)expected, Use("a"));
    }

    [Fact]
    public void Uses_OfNumbersThatAreComparedWithCountedPlaces_IsAPosition()
    {
        Numbers("a", "seq");
        _graph.Add("Range", "keys", _graph.Integer(0), _graph.Integer(5), _graph.Integer(1));
        _graph.Add("Unsqueeze", "column", "a", _graph.Numbers(1));
        _graph.Add("Greater", "later", "keys", "column");
        _graph.Add("Where", "masked", "later", _graph.Number(-1e4f), Scores());

        Assert.Equal(PortUse.Position, Use("a"));
    }

    [Fact]
    public void Uses_OfLengthsThatAttentionAsksFor_IsSaidByItsSlots()
    {
        Numbers("a", "batch");
        Numbers("b");
        _graph.Hidden(Width);
        _graph.Microsoft(
            "GroupQueryAttention", "y", ["h", "h", "h", "", "", "a", "b"], NodeAttribute.Int("num_heads", 1));

        Assert.Equal((PortUse.LastPosition, PortUse.Total), (Use("a"), Use("b")));
    }

    [Fact]
    public void Uses_OfWhereACacheIsWritten_IsThePast()
    {
        Numbers("a", "batch");
        _graph.Input("cache", "batch", 9, Width);
        _graph.Add("TensorScatter", "y", "cache", _graph.Hidden(Width), "a");

        Assert.Equal(PortUse.Past, Use("a"));
    }

    [Fact]
    public void Uses_OfAMaskThatIsCountedForAttention_IsAMask()
    {
        Numbers("a", "batch", "total");
        _graph.With("ReduceSum", "lengths", ["a", _graph.Numbers(1)], NodeAttribute.Int("keepdims", 0));
        _graph.Hidden(Width);
        _graph.Microsoft(
            "GroupQueryAttention", "y", ["h", "h", "h", "", "", "lengths"], NodeAttribute.Int("num_heads", 1));

        Assert.Equal(PortUse.Mask, Use("a"));
    }

    [Theory]
    [InlineData("attention_mask", PortUse.Mask)]
    [InlineData("position_ids", PortUse.Position)]
    [InlineData("past_sequence_length", PortUse.Past)]
    [InlineData("use_cache_branch", PortUse.Branch)]
    [InlineData("input_ids", PortUse.Unknown)]
    public void Uses_OfWhatNothingReads_IsSaidByWords(string name, object expected)
    {
        Numbers(name, "batch", "seq");

        Assert.Equal((PortUse)expected, Use(name));
    }

    [Theory]
    [InlineData("batch seq", false, PortUse.Unknown)]
    [InlineData("seq", false, PortUse.Unknown)]
    [InlineData("batch seq", true, PortUse.Position)]
    [InlineData("seq", true, PortUse.Position)]
    [InlineData("", false, PortUse.Position)]
    public void Uses_OfPos_IsAPositionBesideACacheOrAsOneNumber(string axes, bool hasCache, object expected)
    {
        Numbers("pos", [.. axes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(axis => (Axis)axis)]);
        if (hasCache)
        {
            _graph.Input("cache", "batch", "past", Width);
            _graph.With("Concat", "grown", ["cache", _graph.Hidden(Width)], NodeAttribute.Int("axis", 1));
            _graph.Output("grown", "batch", "total", Width);
        }

        Assert.Equal((PortUse)expected, Use("pos"));
    }

    public void Dispose() => _graph.Dispose();

    private void Numbers(string name, params ReadOnlySpan<Axis> shape) =>
        _graph.Graph.AddInput(name, TensorDtype.Int64, shape);

    private string Scores()
    {
        _graph.Hidden(Width, "q");
        _graph.Hidden(Width, "k");
        _graph.With("Transpose", "k_turned", ["k"], NodeAttribute.Ints("perm", 0, 2, 1));
        return _graph.Add("MatMul", "scores", "q", "k_turned");
    }

    private PortUse Use(string name) => new PortUses(_graph.Graph.Graph)[name];
}
