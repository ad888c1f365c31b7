using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Numbers of 8 bits that are quantities: pictures as cameras give them, caches that were rounded.</summary>
public sealed class ByteInputsTests : IDisposable
{
    private const int Hidden = 12;
    private const int Channels = 4;
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Protect_OfAPictureOfBytes_KeepsThePictureWithTheClient()
    {
        _graph.Graph.AddInput("image", TensorDtype.UInt8, "batch", 8, 8, 3);
        _graph.With("Cast", "floats", ["image"], NodeAttribute.Int("to", 1));
        _graph.With("Transpose", "turned", ["floats"], NodeAttribute.Ints("perm", 0, 3, 1, 2));
        _graph.With(
            "Conv", "patches", ["turned", _graph.Weight("kernel", Hidden, 3, 4, 4)],
            NodeAttribute.Ints("strides", 4, 4));
        _graph.Add("Reshape", "flat", "patches", _graph.Numbers(0, Hidden, -1));
        _graph.With("Transpose", "rows", ["flat"], NodeAttribute.Ints("perm", 0, 2, 1));
        Finish("rows", 4);

        Protect();

        using var cloud = ModelFile.Load(_folder.At("package", "cloud", "vision.onnx"));
        Assert.Equal(["inputs_embeds"], cloud.Graph.Input.Select(input => input.Name));
    }

    [Fact]
    public void Protect_OfACacheOfBytes_MovesItsChannels()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Graph.AddInput("past.0.key", TensorDtype.Int8, "batch", 3, "past", Channels);
        _graph.Graph.AddOutput("present.0.key", TensorDtype.Int8, "batch", 3, "total", Channels);
        _graph.Add("Gather", "rows", _graph.Weight("tokens", 11, Hidden), "input_ids");
        var (query, key) = (Heads("query"), Heads("key"));
        var scale = _graph.Number(0.02f);
        var zero = _graph.Graph.AddWeight("zero", new Weight(TensorDtype.Int8, [], stream => stream.WriteByte(0)));
        _graph.Add("QuantizeLinear", "rounded", key, scale, zero);
        _graph.With("Concat", "present.0.key", ["past.0.key", "rounded"], NodeAttribute.Int("axis", 2));
        _graph.Add("DequantizeLinear", "keys", "present.0.key", scale, zero);
        _graph.With("Transpose", "columns", ["keys"], NodeAttribute.Ints("perm", 0, 1, 3, 2));
        _graph.Add("MatMul", "scores", query, "columns");
        _graph.With("Softmax", "weights", ["scores"], NodeAttribute.Int("axis", -1));
        _graph.Add("MatMul", "taken", "weights", "keys");
        _graph.With("Transpose", "together", ["taken"], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        _graph.Add("Reshape", "attended", "together", _graph.Numbers(0, 0, Hidden));

        // ONNX Runtime 1.31 gives a zero point of another type to what it makes of this at later opsets.
        _graph.Opset = 20;
        Finish("attended", "seq");

        Protect();

        using var package = ProtectedModel.Open(_folder.At("package"));
        Assert.NotNull(package.Plan.Inputs["past.0.key"].Permutation);
    }

    // Switches and types of tokens as some exporters write them, to send less.
    [Theory]
    [InlineData("attention_mask", TensorDtype.UInt8)]
    [InlineData("attention_mask", TensorDtype.Int8)]
    [InlineData("attention_mask", TensorDtype.Int16)]
    [InlineData("token_type_ids", TensorDtype.UInt8)]
    [InlineData("input_ids", TensorDtype.UInt8)]
    public void Protect_OfSwitchesOfFewBits_Verifies(string name, TensorDtype type)
    {
        _graph.Graph.AddInput("input_ids", name == "input_ids" ? type : TensorDtype.Int64, "batch", "seq");
        if (name != "input_ids")
        {
            _graph.Graph.AddInput(name, type, "batch", "seq");
        }

        _graph.With("Cast", "ids", ["input_ids"], NodeAttribute.Int("to", (int)TensorDtype.Int64.ToOnnx()));
        _graph.Add("Gather", "rows", _graph.Weight("tokens", 300, Hidden), "ids");
        if (name == "attention_mask")
        {
            _graph.With("Cast", "counts", [name], NodeAttribute.Int("to", 1));
            _graph.Add("Unsqueeze", "switches", "counts", _graph.Numbers(2));
            _graph.Add("Mul", "seen", "rows", "switches");
        }
        else if (name == "token_type_ids")
        {
            _graph.With("Cast", "types", [name], NodeAttribute.Int("to", (int)TensorDtype.Int64.ToOnnx()));
            _graph.Add("Gather", "kinds", _graph.Weight("types_table", 2, Hidden), "types");
            _graph.Add("Add", "seen", "rows", "kinds");
        }

        Finish(name == "input_ids" ? "rows" : "seen", "seq");

        Protect();
    }

    private string Heads(string name)
    {
        _graph.Add("MatMul", name, "rows", _graph.Weight($"{name}_weight", Hidden, Hidden));
        _graph.Add("Reshape", $"{name}_heads", name, _graph.Numbers(0, 0, 3, Channels));
        return _graph.With("Transpose", $"{name}_turned", [$"{name}_heads"], NodeAttribute.Ints("perm", 0, 2, 1, 3));
    }

    private void Finish(string rows, Axis positions)
    {
        _graph.Add("MatMul", "wide", rows, _graph.Weight("up", Hidden, 10));
        _graph.Add("Relu", "active", "wide");
        _graph.Add("MatMul", "last_hidden_state", "active", _graph.Weight("down", 10, Hidden));
        _graph.Output("last_hidden_state", "batch", positions, Hidden);
        _graph.Save().Dispose();
    }

    private void Protect() => Assert.True(PackageProtector.Protect(
        _graph.FilePath, _folder.At("package"), new ProtectionOptions("bytes"), new SeededRandom(3))
        .Verification!.Passed);

    public void Dispose()
    {
        _folder.Dispose();
        _graph.Dispose();
    }
}
