using Stip.Onnx.Model;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

/// <summary>A model that no order of sums leaves as it is: verification fails, and nothing stays behind.</summary>
public sealed class FailedProtectionTests : IDisposable
{
    private const int Hidden = 8;

    // Enough inputs for a matrix that can be rounded.
    private const int Inner = 40;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("full", "Sin", "")]
    [InlineData("blocks", "Sin", "")]
    [InlineData("full", "Sin", "--instances 2")]
    [InlineData("full", "Sin", "--quantize int8")]
    public void Protect_OfAModelThatDiffersFromItsPackage_LeavesNothingAndNamesTheNode(
        string verify, string operation, string more)
    {
        var model = Save();

        var (exitCode, output, error) = CommandLine.Run([
            "protect", "--model", model, "--output", _folder.At("out"), "--verify", verify,
            .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.Equal(1, exitCode);
        Assert.DoesNotContain("protected ", output, StringComparison.Ordinal);
        Assert.Matches(
            @"^the protected model differs from the plain one: output 'logits' is off by \S+ "
            + @"\(largest \|Δlogit\| \S+\); block \d+ of \d+ of 'model.onnx' \(.*\): node 'layers\.1\.turn' "
            + $@"\({operation}, layer 1\) is the first that is off, by .*; nothing was written$", error.Trim());
        Assert.Equal(["model.onnx", "model.onnx.data"], Directory.GetFileSystemEntries(
            _folder.Path, "*", SearchOption.AllDirectories).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Protect_OfThatModelWithoutVerification_IsWrittenAndVerifyRefusesIt()
    {
        var model = Save();

        var made = CommandLine.Run("protect", "--model", model, "--output", _folder.At("out"), "--verify", "none");
        var (exitCode, output, error) = CommandLine.Run(
            "verify", "--plain", model, "--protected", _folder.At("out"), "--json");

        Assert.Equal((0, 1), (made.ExitCode, exitCode));
        Assert.Contains("\"passed\":false", output, StringComparison.Ordinal);
        Assert.Contains("node 'layers.1.turn' (Sin, layer 1)", error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    // Two layers over a stream. The second takes the sine of sums times a hundred million: the last bit of a sum, which
    // depends on the order of what is summed, decides it.
    private string Save()
    {
        var graph = new GraphBuilder("fragile");
        graph.AddInput("inputs_embeds", TensorDtype.Float32, "batch", "seq", Hidden);
        var stream = "inputs_embeds";
        foreach (var (layer, factor) in new[] { (0, 1f), (1, 1e8f) })
        {
            var name = $"layers.{layer}";
            var up = Node("MatMul", $"{name}.up", stream, Weight($"{name}.up.weight", Hidden, Inner));
            var scaled = Node("Mul", $"{name}.scale", up, Constant($"{name}.factor", factor));
            var turned = Node("Sin", $"{name}.turn", scaled);
            var down = Node("MatMul", $"{name}.down", turned, Weight($"{name}.down.weight", Inner, Hidden));
            stream = Node("Add", $"{name}.sum", stream, down);
        }

        graph.Append("", "MatMul", "head", [stream, Weight("head.weight", Hidden, 11)], ["logits"]);
        graph.AddOutput("logits", TensorDtype.Float32, "batch", "seq", 11);
        graph.Save(_folder.At("model.onnx"));
        return _folder.At("model.onnx");

        string Node(string operation, string name, params string[] inputs) =>
            graph.Append("", operation, name, inputs, [$"{name}/output"])[0];

        string Constant(string name, float value) => graph.Append(
            "", "Constant", name, [], [$"{name}/output"], NodeAttribute.Float("value_float", value))[0];

        string Weight(string name, params long[] shape) => graph.AddWeight(name, Onnx.Model.Weight.FromFloats(
            TensorDtype.Float32, shape, DrawnWeights.Draw(name, shape, 1, 0)));
    }
}
