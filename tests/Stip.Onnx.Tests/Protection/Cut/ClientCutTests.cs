using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Protection.Cut;

public sealed class ClientCutTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    [Fact]
    public void Embedding_OfTokensAndPositions_IsTheClientsAndItsNormTheServers()
    {
        TextGraph.Build(_graph);

        var cut = Cut();

        Assert.Equal(["Gather", "Gather", "Add"], cut.Client!.Node.Select(node => node.OpType));
        Assert.Equal(["inputs_embeds"], cut.Sent);
        Assert.Equal(["inputs_embeds", "position_ids"], cut.Cloud.Input.Select(input => input.Name));
        Assert.DoesNotContain(cut.Cloud.Initializer, tensor => tensor.Name == "positions");
    }

    [Fact]
    public void Scale_OfRows_IsTheClientsAndACastForTheNormIsNot()
    {
        Ids();
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "input_ids");
        _graph.Add("Mul", "scaled", "rows", _graph.Weight("scale"));
        _graph.With("Cast", "wide", ["scaled"], NodeAttribute.Int("to", 11));
        _graph.With("Cast", "narrow", ["wide"], NodeAttribute.Int("to", 1));
        _graph.Add("Mul", "square", "scaled", "scaled");
        _graph.Add("MatMul", "dense", "square", _graph.Weight("w", 6, 6));
        _graph.Add("Add", "some", "dense", "narrow");
        _graph.Add("Add", "y", "some", "scaled");
        _graph.Output("y", "batch", "seq", 6);

        var cut = Cut();

        Assert.Equal(["Gather", "Mul"], cut.Client!.Node.Select(node => node.OpType));
        Assert.Equal(["Cast", "Cast", "Mul"], cut.Cloud.Node.Take(3).Select(node => node.OpType));
    }

    [Fact]
    public void FeaturesOfASound_OfNoStatedShape_AreToldByWhatMovedThem()
    {
        _graph.Input("input_values", "batch", "length");
        var sound = _graph.Add("Unsqueeze", "sound", "input_values", _graph.Numbers(1));
        _graph.With("Conv", "waves", [sound, _graph.Weight("kernel", 6, 1, 4)], NodeAttribute.Ints("strides", 2));
        _graph.Add("Reshape", "flat", "waves", _graph.Numbers(0, 6, -1));
        _graph.With("Softmax", "y", ["flat"], NodeAttribute.Int("axis", 1));
        _graph.Output("y", "batch", 6, "length");

        var sent = Assert.Single(Cut().Cloud.Input);

        Assert.Equal([0, 6, 0], sent.Type.TensorType.Shape.Dim.Select(axis => axis.DimValue));

        // No other value has axes of this name: the runtime would take them to be as long.
        Assert.Equal("inputs_embeds_sequence_2", sent.Type.TensorType.Shape.Dim[2].DimParam);
    }

    [Fact]
    public void ShapeOfIds_IsReadOffTheRows()
    {
        Ids();
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "input_ids");
        _graph.Add("MatMul", "dense", "rows", _graph.Weight("w", 6, 6));
        _graph.Add("Shape", "shape", "input_ids");
        _graph.Add("ConstantOfShape", "zeros", "shape");
        _graph.Graph.AddConstant("last", 2);
        _graph.Add("Unsqueeze", "column", "zeros", "last");
        _graph.Add("Add", "y", "dense", "column");
        _graph.Output("y", "batch", "seq", 6);

        var cut = Cut();

        var shape = Assert.Single(cut.Cloud.Node, node => node.OpType == "Shape");
        Assert.Equal("inputs_embeds", shape.Input[0]);
        Assert.Equal(-1, Assert.Single(shape.Attribute, attribute => attribute.Name == "end").I);
        Assert.Equal(["inputs_embeds"], cut.Cloud.Input.Select(input => input.Name));
    }

    [Fact]
    public void ShapeOfIdsInAViewThatKeepsThem_IsReadOffTheRows()
    {
        Ids();
        _graph.Add("Shape", "lengths", "input_ids");
        _graph.Graph.AddConstant("one", 1);
        _graph.Add("Gather", "length", "lengths", "one");
        _graph.Add("Unsqueeze", "length_list", "length", _graph.Numbers(0));
        _graph.With("Concat", "flat", [_graph.Numbers(-1), "length_list"], NodeAttribute.Int("axis", 0));
        _graph.Add("Reshape", "ids", "input_ids", "flat");
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "ids");
        _graph.Add("MatMul", "dense", "rows", _graph.Weight("w", 6, 6));
        _graph.Add("Shape", "shape", "ids");
        _graph.Add("ConstantOfShape", "zeros", "shape");
        _graph.Add("Unsqueeze", "column", "zeros", _graph.Numbers(2));
        _graph.Add("Add", "y", "dense", "column");
        _graph.Output("y", "batch", "seq", 6);

        var cut = Cut();

        Assert.Equal(["inputs_embeds"], cut.Sent);
        Assert.Contains(cut.Cloud.Node, node => node.OpType == "Shape" && node.Input[0] == "inputs_embeds");
    }

    [Fact]
    public void MaskMadeOfIds_IsSentInPlaceOfTheIds()
    {
        Ids();
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "input_ids");
        _graph.Add("MatMul", "dense", "rows", _graph.Weight("w", 6, 6));
        _graph.Graph.AddConstant("pad", 0);
        _graph.Graph.AddConstant("last", 2);
        _graph.Add("Equal", "is_pad", "input_ids", "pad");
        _graph.Add("Unsqueeze", "is_pad_row", "is_pad", "last");
        _graph.Add("Where", "y", "is_pad_row", _graph.Weight("blank", 6), "dense");
        _graph.Output("y", "batch", "seq", 6);

        var cut = Cut();

        Assert.Equal(["inputs_embeds", "is_pad_row"], cut.Sent);
        Assert.Equal(["inputs_embeds"], cut.Features);
        Assert.Equal(9, cut.Cloud.Input.Single(input => input.Name == "is_pad_row").Type.TensorType.ElemType);
    }

    [Fact]
    public void IdsThatTheServerWouldNeed_AreRefused()
    {
        Ids();
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "input_ids");
        _graph.Add("MatMul", "dense", "rows", _graph.Weight("w", 6, 6));
        _graph.With("Cast", "numbers", ["input_ids"], NodeAttribute.Int("to", 1));
        _graph.Graph.AddConstant("last", 2);
        _graph.Add("Unsqueeze", "column", "numbers", "last");
        _graph.Add("Add", "y", "dense", "column");
        _graph.Output("y", "batch", "seq", 6);

        var refusal = Assert.Throws<RefusedException>(Cut);

        Assert.Contains("'column' itself", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Picture_StaysWithTheClientUpToItsPatches()
    {
        _graph.Input("x", "batch", 3, 8, 8);
        _graph.With(
            "Conv", "patches", ["x", _graph.Weight("kernel", 6, 3, 4, 4)], NodeAttribute.Ints("strides", 4, 4));
        _graph.Graph.AddConstant("rows", 0, 6, 4);
        _graph.Add("Reshape", "flat", "patches", "rows");
        _graph.With("Transpose", "turned", ["flat"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("Add", "placed", "turned", _graph.Weight("places", 1, 4, 6));
        _graph.Add("MatMul", "y", "placed", _graph.Weight("w", 6, 5));
        _graph.Output("y", "batch", 4, 5);

        var cut = Cut();

        Assert.Equal(["Conv", "Reshape", "Transpose", "Add"], cut.Client!.Node.Select(node => node.OpType));
        Assert.Equal(["MatMul"], cut.Cloud.Node.Select(node => node.OpType));
    }

    [Fact]
    public void FeaturesAsInput_NeedNoClientGraph()
    {
        _graph.Input("inputs_embeds", "batch", "seq", 6);
        _graph.Add("MatMul", "y", "inputs_embeds", _graph.Weight("w", 6, 5));
        _graph.Output("y", "batch", "seq", 5);

        var cut = Cut();

        Assert.Null(cut.Client);
        Assert.Empty(cut.Sent);
    }

    [Theory]
    [InlineData("masked_input_ids")]
    [InlineData("cached")]
    [InlineData("past_tokens")]
    public void IdsByAnyName_AreTheClients(string name)
    {
        _graph.Graph.AddInput(name, TensorDtype.Int64, "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), name);
        _graph.Add("MatMul", "y", "rows", _graph.Weight("w", 6, 6));
        _graph.Output("y", "batch", "seq", 6);

        var cut = Cut();

        Assert.Equal(["inputs_embeds"], cut.Cloud.Input.Select(input => input.Name));
        Assert.DoesNotContain(cut.Cloud.Initializer, tensor => tensor.Name == "table");
    }

    [Theory]
    [InlineData("Mul")]
    [InlineData("Add")]
    [InlineData("Mod")]
    public void IdsChangedButStillTold_AreRefused(string operation)
    {
        Ids();
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "input_ids");
        _graph.Add("MatMul", "dense", "rows", _graph.Weight("w", 6, 6));
        _graph.Graph.AddConstant("some", 3);
        _graph.Add(operation, "changed", "input_ids", "some");
        _graph.With("Cast", "numbers", ["changed"], NodeAttribute.Int("to", 1));
        _graph.Graph.AddConstant("last", 2);
        _graph.Add("Unsqueeze", "column", "numbers", "last");
        _graph.Add("Add", "y", "dense", "column");
        _graph.Output("y", "batch", "seq", 6);

        Assert.Throws<RefusedException>(Cut);
    }

    [Fact]
    public void RowsThatAreAnOutputToo_KeepTheirNameThere()
    {
        Ids();
        _graph.Add("Gather", "hidden.0", _graph.Weight("table", 9, 6), "input_ids");
        _graph.Add("MatMul", "y", "hidden.0", _graph.Weight("w", 6, 6));
        _graph.Output("hidden.0", "batch", "seq", 6);
        _graph.Output("y", "batch", "seq", 6);

        var cut = Cut();

        Assert.Equal(["hidden.0", "y"], cut.Cloud.Output.Select(output => output.Name));
        Assert.Contains(cut.Cloud.Node, node => node.OpType == "Identity" && node.Output[0] == "hidden.0");
    }

    public void Dispose() => _graph.Dispose();

    // Of one cell, without a constant: what these give tells what they took as a sum with a constant does.
    [Theory]
    [InlineData("Sqrt")]
    [InlineData("Abs")]
    [InlineData("Exp")]
    public void IdsThatAreOnlyComputedWith_AreRefused(string operation)
    {
        Ids();
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "input_ids");
        _graph.Add("MatMul", "dense", "rows", _graph.Weight("w", 6, 6));
        _graph.With("Cast", "numbers", ["input_ids"], NodeAttribute.Int("to", 1));
        _graph.Add(operation, "changed", "numbers");
        _graph.Add("Unsqueeze", "column", "changed", _graph.Numbers(2));
        _graph.Add("Mul", "y", "dense", "column");
        _graph.Output("y", "batch", "seq", 6);

        Assert.Throws<RefusedException>(Cut);
    }

    [Fact]
    public void APictureThatIsOnlyMadeSmaller_IsRefused()
    {
        _graph.Input("pixel_values", "batch", 3, 8, 8);
        _graph.With("AveragePool", "small", ["pixel_values"],
            NodeAttribute.Ints("kernel_shape", 2, 2), NodeAttribute.Ints("strides", 2, 2));
        _graph.With("Conv", "patches", ["pixel_values", _graph.Weight("kernel", 6, 3, 2, 2)],
            NodeAttribute.Ints("strides", 2, 2));
        _graph.Add("Relu", "bent", "patches");
        _graph.With("Concat", "y", ["bent", "small"], NodeAttribute.Int("axis", 1));
        _graph.Output("y", "batch", 9, 4, 4);

        Assert.Throws<RefusedException>(Cut);
    }

    [Theory]
    [InlineData(TensorDtype.Float32)]
    [InlineData(TensorDtype.UInt8)]
    public void APictureWhosePatchesAreCutWithoutAConvolution_StaysWithTheClient(TensorDtype dtype)
    {
        _graph.Graph.AddInput("image", dtype, 1, 3, 8, 8);
        _graph.With("Cast", "floats", ["image"], NodeAttribute.Int("to", 1));
        _graph.Add("Reshape", "cut", "floats", _graph.Numbers(1, 3, 2, 4, 2, 4));
        _graph.With("Transpose", "turned", ["cut"], NodeAttribute.Ints("perm", 0, 2, 4, 1, 3, 5));
        _graph.Add("Reshape", "patches", "turned", _graph.Numbers(1, 4, 48));
        _graph.Add("MatMul", "rows", "patches", _graph.Weight("kernel", 48, 6));
        _graph.Add("Relu", "bent", "rows");
        _graph.Add("MatMul", "y", "bent", _graph.Weight("w", 6, 6));
        _graph.Output("y", 1, 4, 6);

        var cut = Cut();

        Assert.Contains("image", cut.Client!.Input.Select(input => input.Name));
        Assert.DoesNotContain("image", cut.Cloud.Input.Select(input => input.Name));
    }

    private void Ids() => _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");

    private ClientCut Cut()
    {
        using var file = _graph.Save();
        return ClientCut.Find(file.Graph, shapesHaveEnds: true);
    }
}
