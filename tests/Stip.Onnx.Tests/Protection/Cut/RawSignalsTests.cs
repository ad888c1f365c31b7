using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Sounds, series and pictures that no convolution reads first: the client's as well.</summary>
public sealed class RawSignalsTests : IDisposable
{
    private const int Hidden = 8;
    private const int Patch = 4;
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("past_values")]
    [InlineData("past_time_features")]
    [InlineData("static_real_features")]
    [InlineData("audio")]
    [InlineData("image")]
    public void Protect_OfASeriesInPatches_KeepsItWithTheClient(string name)
    {
        _graph.Input(name, "batch", 2 * Patch, 3);
        _graph.With("Transpose", "channels", [name], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("Reshape", "patches", "channels", _graph.Numbers(0, 6, Patch));

        Assert.DoesNotContain(name, ServerInputs("patches", 6, out _));
    }

    [Fact]
    public void Protect_OfSamplesWithoutATellingName_KeepsThemWithTheClient()
    {
        _graph.Input("x", "batch", "samples");
        _graph.Add("Reshape", "frames", "x", _graph.Numbers(0, -1, Patch));

        Assert.DoesNotContain("x", ServerInputs("frames", "frames", out _));
    }

    // A forecast's context is cut into patches; of an attention's the rows would be there already.
    [Theory]
    [InlineData(2 * Patch)]
    [InlineData(0)]
    public void Protect_OfTheContextOfAForecast_KeepsItWithTheClient(int length)
    {
        _graph.Input("context", "batch", length > 0 ? length : "moments");
        _graph.Add("Reshape", "patches", "context", _graph.Numbers(0, -1, Patch));

        Assert.DoesNotContain("context", ServerInputs("patches", "patch", out _));
    }

    // TimesFM's: what is filled up is taken away before the first patch gives its mean, which the answer is scaled by.
    [Theory]
    [InlineData("past_padding", true)]
    [InlineData("weighing", false)]
    public void Protect_OfASeriesWithItsPadding_SendsTheMeanOfAPatch(string padding, bool isOpen)
    {
        _graph.Input("past_values", "batch", 4 * Patch);
        _graph.Input(padding, "batch", 4 * Patch);
        _graph.Add("Reshape", "patches", "past_values", _graph.Numbers(0, -1, Patch));
        _graph.Add("Reshape", "filled", padding, _graph.Numbers(0, -1, Patch));
        _graph.Add("Mul", "rows", "patches", "filled");
        _graph.With("Gather", "one", ["patches", _graph.Integer(0)], NodeAttribute.Int("axis", 1));
        _graph.Add("ReduceSum", "sum", "one", _graph.Numbers(-1));
        _graph.Add("Unsqueeze", "scale", "sum", _graph.Numbers(2));

        var inputs = ServerInputs("rows", "patch", out _, "scale");

        Assert.DoesNotContain("past_values", inputs);
        Assert.Equal(isOpen, inputs.Contains(padding));
    }

    [Theory]
    [InlineData("x", true)]
    [InlineData("inputs_embeds", false)]
    [InlineData("encoder_hidden_states", false)]
    public void Protect_OfFeaturesWithoutATellingName_SaysThatTheServerTakesThem(string name, bool isSaid)
    {
        _graph.Input(name, "batch", "seq", Patch);

        Assert.Contains(name, ServerInputs(name, "seq", out var warnings));
        Assert.Equal(isSaid, warnings.Contains(
            $"taken for features that another graph made: input '{name}'; the server gets their numbers, at most in "
            + "another order"));
    }

    // Rows and columns of patches turn queries, and are no more than the picture's size.
    [Theory]
    [InlineData("image_grid_thw")]
    [InlineData("spatial_shapes")]
    public void Cut_OfTheGridOfAPicture_LeavesItToTheServer(string name)
    {
        _graph.Input("pixel_values", "patches", 6);
        _graph.Graph.AddInput(name, TensorDtype.Int64, "images", 3);
        _graph.Add("MatMul", "rows", "pixel_values", _graph.Weight("w_p", 6, Hidden));
        _graph.With("Gather", "heights", [name, _graph.Integer(1)], NodeAttribute.Int("axis", 1));
        _graph.Add("Range", "places", _graph.Integer(0), _graph.Add("Squeeze", "height", "heights"), _graph.Integer(1));
        _graph.With("Cast", "numbers", ["places"], NodeAttribute.Int("to", 1));
        _graph.Add("Cos", "cosines", "numbers");
        _graph.Add("MatMul", "query", "rows", _graph.Weight("w_q", Hidden, Hidden));
        _graph.Add("Mul", "y", "query", _graph.Add("Unsqueeze", "turns", "cosines", _graph.Numbers(1)));
        _graph.Output("y", "patches", Hidden);
        using var file = _graph.Save();

        var cut = ClientCut.Find(file.Graph, shapesHaveEnds: true);

        Assert.Contains(name, cut.Cloud.Input.Select(input => input.Name));
        Assert.Contains(name, cut.Open);
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private string[] ServerInputs(
        string rows, Axis positions, out IReadOnlyList<string> warnings, string? scale = null)
    {
        _graph.Add("MatMul", "first", rows, _graph.Weight("w_1", Patch, Hidden));
        _graph.Add("MatMul", "up", "first", _graph.Weight("w_2", Hidden, 2 * Hidden));
        _graph.Add("Relu", "active", "up");
        var last = _graph.Weight("w_3", 2 * Hidden, Hidden);
        if (scale is null)
        {
            _graph.Add("MatMul", "last_hidden_state", "active", last);
        }
        else
        {
            _graph.Add("Mul", "last_hidden_state", _graph.Add("MatMul", "down", "active", last), scale);
        }

        _graph.Output("last_hidden_state", "batch", positions, Hidden);
        _graph.Save().Dispose();
        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("signal"), new SeededRandom(3));
        Assert.True(made.Verification!.Passed);
        warnings = made.Warnings;
        using var cloud = ModelFile.Load(Directory.GetFiles(_folder.At("package", "cloud"), "*.onnx").Single());
        return [.. cloud.Graph.Input.Select(input => input.Name)];
    }
}
