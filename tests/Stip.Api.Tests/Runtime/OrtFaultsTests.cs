using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Api.Runtime;
using Stip.Api.Tests.Engine;
using Stip.Onnx.Model;
using Stip.Protocol.Errors;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Api.Tests.Runtime;

/// <summary>A caller's fault is a refusal; a graph's, a kernel's or a device's is a bug that gets into the log.
/// </summary>
public sealed class OrtFaultsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(
        "[ErrorCode:RuntimeException] Non-zero status code returned while running Gather node. Name:'/index' "
        + "Status Message: CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; expr=shape", false)]
    [InlineData(
        "[ErrorCode:InvalidArgument] CUBLAS failure 13: CUBLAS_STATUS_EXECUTION_FAILED ; GPU=0", false)]
    [InlineData("[ErrorCode:Fail] the execution provider is gone", false)]
    [InlineData(
        "[ErrorCode:NotImplemented] Non-zero status code returned while running Reshape node. Name:'/shape/dimension' "
        + "Status Message: no kernel", false)]
    [InlineData("[ErrorCode:InvalidArgument] Got invalid dimensions for input: x", true)]
    [InlineData(
        "[ErrorCode:RuntimeException] Non-zero status code returned while running MatMul node. Name:'/m' "
        + "Status Message: matmul_helper.h:142 left operand cannot broadcast on dim 0", true)]
    public void Fault_IsOfTheInputs_WhereOthersWouldRun(string message, bool expected) =>
        Assert.Equal(expected, OrtFaults.IsOfInputs(message));

    [Theory]
    [InlineData("[ErrorCode:RuntimeException] bfc_arena.cc:376 Failed to allocate memory for requested buffer", true)]
    [InlineData("[ErrorCode:RuntimeException] Available memory of 5 is smaller than requested bytes of 9", true)]
    [InlineData("[ErrorCode:Fail] CUDA failure 2: out of memory ; GPU=0", true)]
    [InlineData("[ErrorCode:Fail] CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0", true)]
    [InlineData("[ErrorCode:Fail] CUDA failure 700: an illegal memory access was encountered ; GPU=0", false)]
    public void Fault_IsOfMemory_WhereMoreWouldHaveRun(string message, bool expected) =>
        Assert.Equal(expected, OrtFaults.IsOfMemory(message));

    // No graph that a test may load wants so much.
    [Theory]
    [InlineData("[ErrorCode:RuntimeException] Exception during initialization: std::bad_alloc")]
    [InlineData("[ErrorCode:Fail] Load model from /data/packages/m/model.onnx failed:bad allocation")]
    [InlineData("[ErrorCode:RuntimeException] bfc_arena.cc:376 Failed to allocate memory for requested buffer")]
    public void Load_WithoutMemory_IsRefusedForNow(string message)
    {
        var fault = OrtFaults.OfLoad("/data/packages/m/model.onnx", message, null);

        Assert.Equal("model.onnx needs more memory to be loaded than there is", fault.Message);
        Assert.Equal(StipErrorCode.ServerOverloaded, ExpectedFaults.Of(fault)!.Value.Refusal.Code);
    }

    [Fact]
    public void Load_OfADamagedGraph_IsThePackagesFaultAndTellsNoFolder()
    {
        var fault = OrtFaults.OfLoad(
            "/data/packages/m/model.onnx",
            "[ErrorCode:InvalidProtobuf] Load model from /data/packages/m/model.onnx failed:Protobuf parsing failed."
            + "\n/source/of/it.cc",
            null);

        Assert.IsType<GraphRefusedException>(fault);
        Assert.Equal(
            "model.onnx cannot be loaded: [ErrorCode:InvalidProtobuf] Load model from model.onnx failed:"
            + "Protobuf parsing failed.", fault.Message);
    }

    [Theory]
    [InlineData("Add")]
    [InlineData("MatMul")]
    [InlineData("Reshape")]
    [InlineData("Concat")]
    [InlineData("Gather")]
    [InlineData("Expand")]
    public void Pass_OfALengthThatAGraphWasNotMadeFor_IsTheCallers(string op)
    {
        using var graph = Load(op);
        var inputs = new Dictionary<string, TensorPayload> { ["x"] = new("float32", [1, 5, 4], new byte[80]) };

        var refusal = Assert.Throws<InvalidDataException>(() => graph.Run(inputs));
        Assert.Equal("the graph cannot run inputs of these lengths and values", refusal.Message);
    }

    public void Dispose() => _folder.Dispose();

    // Each takes a length of 3.
    private IForwardGraph Load(string op)
    {
        var graph = new GraphBuilder("g");
        graph.AddInput("x", TensorDtype.Float32, 1, "seq", 4);
        var three = graph.AddWeight("three", Weight.FromFloats(TensorDtype.Float32, [1, 3, 4], new float[12]));
        var y = op switch
        {
            "Add" => graph.Add("Add", "sum", ["x", three]),
            "MatMul" => graph.Add("MatMul", "product", [three, graph.Add("Transpose", "turned", ["x"])]),
            "Reshape" => graph.Add("Reshape", "shaped", ["x", graph.AddConstant("numbers", 1, 3, 4)]),
            "Concat" => graph.Add("Concat", "joined", ["x", three], NodeAttribute.Int("axis", 2)),
            "Gather" => graph.Add("Gather", "picked", [three, graph.Add("Shape", "lengths", ["x"])]),
            _ => graph.Add("Expand", "wide", ["x", graph.AddConstant("numbers", 1, 3, 4)]),
        };
        graph.Append("", "Identity", "end", [y], ["y"]);
        graph.AddOutput("y", TensorDtype.Float32, "a", "b", "c");
        var path = Path.Combine(_folder.Path, "model.onnx");
        graph.Save(path);
        return RealEngine.Runtime().LoadForward(path);
    }
}
