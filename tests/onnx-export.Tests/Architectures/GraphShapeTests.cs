using Stip.Onnx.Model;
using Stip.TestKit;

namespace Stip.Export.Tests.Architectures;

/// <summary>The contract of decoder graphs, read off the written file.</summary>
public sealed class GraphShapeTests(ExportedModels models)
{
    public static TheoryData<string> Names => [.. KnownCheckpoints.Names];

    [Theory]
    [InlineData("stories", false)]
    [InlineData("stories-draft", true)]
    [InlineData("tiny-llama2-70b", true)]
    [InlineData("stories-gpt2", false)]
    public async Task Inputs_OfADecoder_AreThoseOfTheContract(string name, bool hasPositions)
    {
        var graph = await ReadAsync(name);

        string[] expected =
        [
            "inputs_embeds", "seqlens_k", "total_sequence_length", "logits_rows",
            .. hasPositions ? ["position_ids"] : Array.Empty<string>(),
        ];
        Assert.Equal(expected, graph.Input.Select(input => input.Name).TakeWhile(input => !input.StartsWith("past")));
        Assert.Equal(
            graph.Input.Select(input => input.Name).Where(input => input.StartsWith("past"))
                .Select(input => input.Replace("past_key_values", "present", StringComparison.Ordinal))
                .Prepend("logits"),
            graph.Output.Select(output => output.Name));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Attention_OfEveryLayer_ReadsOnePackedProjection(string name)
    {
        var graph = await ReadAsync(name);
        var makers = graph.Node.SelectMany(node => node.Output.Select(output => (output, node))).ToLookup(
            pair => pair.output, pair => pair.node);

        foreach (var attention in graph.Node.Where(node => node.OpType == "GroupQueryAttention"))
        {
            var products = attention.Input.Take(3).Where(input => input.Length > 0)
                .Select(input => Trace(makers, input)).Distinct();
            Assert.Single(products);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Weights_ButRotaryTables_AreUsedOnceAndLieOutsideTheGraph(string name)
    {
        var graph = await ReadAsync(name);
        var uses = graph.Node.SelectMany(node => node.Input).CountBy(input => input).ToDictionary();

        const int integers = (int)TensorProto.Types.DataType.Int64;
        foreach (var weight in graph.Initializer.Where(tensor => tensor.DataType != integers))
        {
            Assert.Equal(TensorProto.Types.DataLocation.External, weight.DataLocation);
            if (!weight.Name.StartsWith("rotary."))
            {
                Assert.Equal(1, uses[weight.Name]);
            }
        }
    }

    private static string Trace(ILookup<string, NodeProto> makers, string value)
    {
        var maker = makers[value].Single();
        return maker.OpType == "MatMul" ? maker.Name : Trace(makers, maker.Input[0]);
    }

    private async Task<GraphProto> ReadAsync(string name) => ModelProto.Parser.ParseFrom(await File.ReadAllBytesAsync(
        Path.Combine(await models.FolderAsync(name), "model.onnx"), TestContext.Current.CancellationToken)).Graph;
}
