using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;

namespace Stip.Onnx.Tests.Protection.Cut;

public sealed class UsedFunctionsTests
{
    [Fact]
    public void Of_APart_AreThoseItCallsAndThoseTheyCall()
    {
        var model = new ModelProto();
        model.Functions.Add(Function("embed"));
        model.Functions.Add(Function("norm", "root"));
        model.Functions.Add(Function("root"));
        var part = new GraphProto { Node = { new NodeProto { OpType = "norm", Domain = "local" } } };

        Assert.Equal(["norm", "root"], UsedFunctions.Of(model, part).Select(function => function.Name));
    }

    private static FunctionProto Function(string name, params string[] calls)
    {
        var function = new FunctionProto { Name = name, Domain = "local" };
        function.Node.Add(calls.Select(call => new NodeProto { OpType = call, Domain = "local" }));
        return function;
    }
}
