using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>What still tells an id or a pixel, and what does not any more.</summary>
public sealed class RawValuesTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ANumberLookedUpForEachToken_IsRefused(bool isColumn)
    {
        // Weights of words are all different: whoever sees them knows the words.
        Ids();
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "input_ids");
        _graph.Add("MatMul", "dense", "rows", _graph.Weight("w", 6, 6));
        var weights = _graph.Add(
            "Gather", "weights", isColumn ? _graph.Weight("idf", 9, 1) : _graph.Weight("idf", 9), "input_ids");
        _graph.Add("Mul", "y", "dense", isColumn ? weights : _graph.Add("Unsqueeze", "c", weights, _graph.Numbers(2)));
        _graph.Output("y", "batch", "seq", 6);

        Assert.Throws<RefusedException>(Cut);
    }

    [Fact]
    public void ASwitchLookedUpForEachToken_IsSent()
    {
        Ids();
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "input_ids");
        _graph.Add("MatMul", "dense", "rows", _graph.Weight("w", 6, 6));
        _graph.With("Cast", "stops", [_graph.Weight("kinds", 9)], NodeAttribute.Int("to", 9));
        _graph.Add("Gather", "is_stop", "stops", "input_ids");
        _graph.Add("Unsqueeze", "column", "is_stop", _graph.Numbers(2));
        _graph.Add("Where", "y", "column", _graph.Weight("blank", 6), "dense");
        _graph.Output("y", "batch", "seq", 6);

        Assert.Equal(["inputs_embeds", "column"], Cut().Sent);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-1)]
    public void TheLargestOfOneId_IsTheId(int axis)
    {
        Ids();
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "input_ids");
        _graph.Add("MatMul", "dense", "rows", _graph.Weight("w", 6, 6));
        _graph.With("Cast", "numbers", ["input_ids"], NodeAttribute.Int("to", 1));
        _graph.Add("Unsqueeze", "column", "numbers", _graph.Numbers(2));
        _graph.Add("ReduceMax", "largest", "column", _graph.Numbers(axis));
        _graph.Add("Add", "y", "dense", "largest");
        _graph.Output("y", "batch", "seq", 6);

        Assert.Throws<RefusedException>(Cut);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(3, true)]
    [InlineData(23, false)]
    public void AGreyPicture_IsRefusedAndItsMeanIsNot(int axes, bool isRefused)
    {
        _graph.Input("pixel_values", "batch", 3, 8, 8);
        _graph.Add(
            "ReduceMean", "grey", "pixel_values", axes == 23 ? _graph.Numbers(2, 3) : _graph.Numbers(axes));
        _graph.With("Conv", "patches", ["pixel_values", _graph.Weight("kernel", 6, 3, 1, 1)]);
        _graph.Add("Relu", "bent", "patches");
        _graph.Add("Add", "y", "bent", _graph.Add(
            "Slice", "one", "grey", _graph.Numbers(0), _graph.Numbers(1), _graph.Numbers(1)));
        _graph.Output("y", "batch", 6, 8, 8);

        if (isRefused)
        {
            Assert.Throws<RefusedException>(Cut);
        }
        else
        {
            Assert.Contains("one", Cut().Sent);
        }
    }

    // The mean of each channel of a series is sent, those of all channels at each moment are not.
    [Theory]
    [InlineData(24, 5, 1, false)]
    [InlineData(24, 5, 2, true)]
    [InlineData(8, 5, 1, true)]
    [InlineData(24, 40, 1, true)]
    [InlineData(24, 3, 1, false)]
    public void TheMeanOfASeriesOfFixedLength_IsSentWhereItIsOverManyMoments(
        int moments, int channels, int axis, bool isRefused)
    {
        _graph.Input("past_values", "batch", moments, channels);
        var squares = _graph.Add("Pow", "squares", _graph.Add("Abs", "sizes", "past_values"), _graph.Number(2));
        var mean = _graph.Add("ReduceMean", "mean", squares, _graph.Numbers(axis));
        _graph.With("Transpose", "turned", ["past_values"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("MatMul", "rows", "turned", _graph.Weight("w", moments, moments));
        _graph.Add("Relu", "bent", "rows");
        _graph.With("Transpose", "back", ["bent"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("Add", "y", "back", mean);
        _graph.Output("y", "batch", moments, channels);

        if (isRefused)
        {
            Assert.Throws<RefusedException>(Cut);
        }
        else
        {
            Assert.Contains("mean", Cut().Sent);
        }
    }

    // Numbers of the user's with weights, and the largest of them, are no means.
    [Theory]
    [InlineData("ReduceSum", "", false)]
    [InlineData("ReduceL2", "", false)]
    [InlineData("ReduceMax", "", true)]
    [InlineData("ReduceMin", "", true)]
    [InlineData("ReduceLogSumExp", "", true)]
    [InlineData("ReduceSum", "moments", true)]
    [InlineData("ReduceSum", "turned", true)]
    [InlineData("ReduceSum", "counted", true)]
    [InlineData("ReduceSum", "itself", true)] // once more as its first moment
    [InlineData("ReduceSum", "wide", true)] // a layer without a product
    [InlineData("ReduceSum", "masked", true)]
    [InlineData("ReduceSum", "whole", true)]
    [InlineData("ReduceSum", "channels", false)]
    [InlineData("ReduceSum", "ones", false)]
    [InlineData("ReduceSum", "mask", false)]
    [InlineData("ReduceSum", "deviation", false)]
    public void ASumOfASeries_IsSentWhereAllMomentsCountAlike(string sum, string weights, bool isRefused)
    {
        const int Moments = 24, Channels = 5;
        _graph.Input("past_values", "batch", Moments, weights == "wide" ? 1 : Channels);
        _graph.Graph.AddInput("past_observed_mask", TensorDtype.Bool, "batch", Moments, Channels);
        var weighted = weights switch
        {
            "moments" => Times(_graph.Weight("kernel", Moments, 1)),
            "turned" => _graph.With(
                "Transpose",
                "back_again",
                [Times(_graph.Weight("kernel", Moments, 1), _graph.Weight("own", Channels))],
                NodeAttribute.Ints("perm", 0, 1, 2)),
            "counted" => Times(_graph.Add("Unsqueeze", "column", _graph.With("Cast", "decay", [_graph.Add(
                "Range", "counts", _graph.Integer(0), _graph.Integer(Moments), _graph.Integer(1))],
                NodeAttribute.Int("to", 1)), _graph.Numbers(1))),
            "itself" => Times(_graph.Add(
                "Slice", "first", "past_values", _graph.Numbers(0), _graph.Numbers(1), _graph.Numbers(1))),
            "wide" => Times(_graph.Weight("kernel", Moments, 20)),
            "masked" => Times(_graph.Add(
                "Mul", "decay", _graph.With("Cast", "seen", ["past_observed_mask"], NodeAttribute.Int("to", 1)),
                _graph.Weight("kernel", Moments, 1))),
            "whole" => Times(_graph.Weight("kernel", Moments, 1)),
            "channels" => Times(_graph.Weight("own", 1, Channels)),
            "ones" => Times(
                _graph.Add("Unsqueeze", "ones", _graph.Floats([.. Enumerable.Repeat(1f, Moments)]), _graph.Numbers(1)),
                _graph.Add("ConstantOfShape", "blank", _graph.Numbers(1, Moments, Channels))),
            "mask" => _graph.Add("Where", "seen", "past_observed_mask", "past_values", _graph.Number(0)),
            "deviation" => _graph.Add("Pow", "squares", _graph.Add("Sub", "centred", "past_values", _graph.Add(
                "ReduceMean", "mean", "past_values", _graph.Numbers(1))), _graph.Number(2)),
            _ => "past_values",
        };
        var total = _graph.Add(
            sum, "total", weighted, weights == "whole" ? _graph.Numbers(1, 2) : _graph.Numbers(1));
        _graph.With("Transpose", "turned", ["past_values"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("MatMul", "rows", "turned", _graph.Weight("w", Moments, Moments));
        _graph.Add("Relu", "bent", "rows");
        _graph.With("Transpose", "back", ["bent"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("Add", "y", "back", total);
        _graph.Output("y", "batch", Moments, Channels);

        if (isRefused)
        {
            Assert.Throws<RefusedException>(Cut);
        }
        else
        {
            Assert.Contains("total", Cut().Sent);
        }

        string Times(params string[] factors) => factors.Aggregate(
            "past_values", (product, factor) => _graph.Add("Mul", $"{product}_{factor}", product, factor));
    }

    // With as many parts as moments each mean is one number of the user's.
    [Theory]
    [InlineData(64, true)]
    [InlineData(1, false)]
    public void AMeanOfPartsOfTheTime_IsNoMeanOfASeries(int parts, bool isRefused)
    {
        _graph.Input("past_values", "batch", "time", 7);
        _graph.Add("Reshape", "parted", "past_values", _graph.Numbers(0, parts, -1, 7));
        _graph.Add("ReduceMean", "means", "parted", _graph.Numbers(2));
        _graph.Add("MatMul", "rows", "past_values", _graph.Weight("w", 7, 7));
        _graph.Add("ReduceMean", "mean", "means", _graph.Numbers(1));
        _graph.Add("Squeeze", "level", "mean", _graph.Numbers(1));
        _graph.Add("Relu", "bent", "rows");
        _graph.Add("Add", "y", "bent", "level");
        _graph.Output("y", "batch", "time", 7);

        if (isRefused)
        {
            Assert.Throws<RefusedException>(Cut);
        }
        else
        {
            Assert.Contains("level", Cut().Sent);
        }
    }

    // A comparison of each id with every word is the id.
    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void AComparisonWithEveryWord_IsTheId(bool isCounted, bool isRefused)
    {
        Ids();
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "input_ids");
        _graph.Add("MatMul", "dense", "rows", _graph.Weight("w", 6, 6));
        _graph.Add("MatMul", "scores", "dense", _graph.Weight("head", 6, 9));
        var words = isCounted
            ? _graph.Add("Range", "words", _graph.Integer(0), _graph.Integer(9), _graph.Integer(1))
            : _graph.Integer(2);
        _graph.Add("Equal", "same", _graph.Add("Unsqueeze", "column", "input_ids", _graph.Numbers(2)), words);
        _graph.Add("Where", "y", "same", _graph.Number(-1), "scores");
        _graph.Output("y", "batch", "seq", 9);

        if (isRefused)
        {
            Assert.Throws<RefusedException>(Cut);
        }
        else
        {
            Assert.Contains("same", Cut().Sent);
        }
    }

    [Fact]
    public void AComparisonWithAListOfManyWords_IsTheId()
    {
        Ids();
        _graph.Add("Gather", "rows", _graph.Weight("table", 40, 6), "input_ids");
        _graph.Add("MatMul", "dense", "rows", _graph.Weight("w", 6, 40));
        _graph.Add(
            "Equal", "same", _graph.Add("Unsqueeze", "column", "input_ids", _graph.Numbers(2)),
            _graph.Numbers([.. Enumerable.Range(0, 40).Select(word => (long)word)]));
        _graph.Add("Where", "y", "same", _graph.Number(-1), "dense");
        _graph.Output("y", "batch", "seq", 40);

        Assert.Throws<RefusedException>(Cut);
    }

    // The words of a text without their order are none the less its words.
    [Theory]
    [InlineData("ReduceMax", 9_000, true)]
    [InlineData("ReduceMean", 9_000, true)]
    [InlineData("ReduceMax", 80, true)]
    [InlineData("ReduceMean", 80, false)] // of bands
    public void ASumOverPlacesOfEveryWord_TellsTheWords(string sum, int words, bool isRefused)
    {
        Ids();
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "input_ids");
        _graph.Add("MatMul", "dense", "rows", _graph.Weight("w", 6, words));
        _graph.Input("pixel_values", "batch", "places", words);
        _graph.Add(sum, "bag", "pixel_values", _graph.Numbers(1));
        _graph.Add("Sub", "y", "dense", "bag");
        _graph.Output("y", "batch", "seq", words);

        if (isRefused)
        {
            Assert.Throws<RefusedException>(Cut);
        }
        else
        {
            Assert.Contains("bag", Cut().Sent);
        }
    }

    public void Dispose() => _graph.Dispose();

    private void Ids() => _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");

    private ClientCut Cut()
    {
        using var file = _graph.Save();
        return ClientCut.Find(file.Graph, shapesHaveEnds: true);
    }
}
