using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Operators that make the first features end the client's part, whatever they are called.</summary>
public sealed class FirstLayerTests : IDisposable
{
    private const int Hidden = 12;
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Protect_OfAnIntegerConvolution_LeavesTheLayersAfterItToTheServer()
    {
        _graph.Input("pixel_values", "batch", 3, 8, 8);
        _graph.Graph.Append(
            "", "DynamicQuantizeLinear", "quantize", ["pixel_values"], ["pixels", "pixel_scale", "pixel_zero"]);
        _graph.With(
            "ConvInteger", "sums", ["pixels", _graph.Bytes("kernel", Hidden, 3, 4, 4), "pixel_zero"],
            NodeAttribute.Ints("strides", 4, 4));
        _graph.With("Cast", "floats", ["sums"], NodeAttribute.Int("to", 1));
        _graph.Add("Mul", "patches", "floats", "pixel_scale");
        _graph.Add("Reshape", "flat", "patches", _graph.Numbers(0, Hidden, -1));
        _graph.With("Transpose", "rows", ["flat"], NodeAttribute.Ints("perm", 0, 2, 1));

        Protect("rows");

        using var cloud = ModelFile.Load(_folder.At("package", "cloud", "vision.onnx"));
        Assert.Contains("up", cloud.Graph.Initializer.Select(tensor => tensor.Name));
    }

    [Fact]
    public void Protect_OfWordsByTheirCharacters_KeepsTheirLayerWithTheClient()
    {
        _graph.Graph.AddInput("word_ids", TensorDtype.Int32, "words", "characters");
        _graph.Microsoft(
            "WordConvEmbedding", "words",
            ["word_ids", _graph.Weight("kernel", Hidden, 1, 3, 8), _graph.Weight("bias", Hidden),
             _graph.Weight("characters", 20, 8)],
            NodeAttribute.Int("embedding_size", Hidden), NodeAttribute.Int("conv_window_size", 3),
            NodeAttribute.Int("char_embedding_size", 8));
        _graph.Add("Unsqueeze", "rows", "words", _graph.Numbers(0));

        Protect("rows");

        using var cloud = ModelFile.Load(_folder.At("package", "cloud", "model.onnx"));
        Assert.DoesNotContain("characters", cloud.Graph.Initializer.Select(tensor => tensor.Name));
    }

    /// <summary>The index that it makes of the mask is one number a text.</summary>
    [Fact]
    public void Protect_OfFusedEmbeddingsWithAMask_SendsTheIndexOfTheMask()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int32, "batch", "seq");
        _graph.Graph.AddInput("token_type_ids", TensorDtype.Int32, "batch", "seq");
        _graph.Graph.AddInput("attention_mask", TensorDtype.Int32, "batch", "seq");
        _graph.Graph.AddMicrosoft(
            "EmbedLayerNormalization", "embed",
            ["input_ids", "token_type_ids", _graph.Weight("tokens", 20, Hidden), _graph.Weight("positions", 40, Hidden),
             _graph.Weight("types", 2, Hidden), _graph.Weight("scale", Hidden), _graph.Weight("shift", Hidden),
             "attention_mask"],
            ["embedded", "mask_index"]);
        _graph.Microsoft(
            "Attention", "attended",
            ["embedded", _graph.Weight("qkv", Hidden, 3 * Hidden), _graph.Weight("qkv_bias", 3 * Hidden), "mask_index"],
            NodeAttribute.Int("num_heads", 3));
        _graph.Add("Add", "rows", "embedded", "attended");

        Protect("rows");
    }

    private void Protect(string rows)
    {
        _graph.With(
            "LayerNormalization", "normed", [rows, _graph.Weight("gamma", Hidden), _graph.Weight("beta", Hidden)]);
        _graph.Add("MatMul", "wide", "normed", _graph.Weight("up", Hidden, 10));
        _graph.Add("Relu", "active", "wide");
        _graph.Add("MatMul", "narrow", "active", _graph.Weight("down", 10, Hidden));
        _graph.Add("Add", "last_hidden_state", rows, "narrow");
        _graph.Output("last_hidden_state", "batch", "positions", Hidden);
        _graph.Save().Dispose();

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("first"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _graph.Dispose();
    }
}
