using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Protocol.Forward;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Toys;

namespace Stip.Client.Tests.Generation;

/// <summary>What goes into one pass of a decoder without a cache, and what is read of its answer.</summary>
public sealed class WholePassTests : IDisposable
{
    private const int Width = 4; // of the toy's rows
    private static readonly ToyModel Toy = new();

    private readonly TemporaryFolder _folder = new();
    private Bundle? _bundle;

    [Fact]
    public void Inputs_OfAGraphOfOneLength_AreFilledUpBehindTheText()
    {
        var pass = Open(
            """{"rows":"all","inputs":{"m":"ones","p":"positions","c":"ones","h":"zeros"}}""",
            Port("inputs_embeds", "float32", 2, 5, Width), Port("m", "int32", 2, 5), Port("p", "int64", 5),
            Port("c", "bool", "b", "s"), Port("h", "float32", "b", "s"));
        byte[] text = [.. Enumerable.Range(0, 5 * Width * sizeof(float)).Select(i => (byte)i)];

        var inputs = pass.Inputs(text, 3);

        // The last token stands for those that are not there; nothing before it sees it.
        Assert.Equal([7, 8, 9, 9, 9], pass.FilledUp([7, 8, 9]));
        Assert.False(pass.IsOfOneText);
        Assert.Equal([2L, 5, Width], inputs["inputs_embeds"].Shape);
        Assert.Equal([.. text, .. text], inputs["inputs_embeds"].Data.ToArray());
        Assert.Equal([1, 1, 1, 0, 0, 1, 1, 1, 0, 0], Numbers<int>(inputs["m"]));
        Assert.Equal([0, 1, 2, 3, 4], Numbers<long>(inputs["p"]));
        Assert.Equal([2L, 5], inputs["c"].Shape);
        Assert.Equal([1, 1, 1, 0, 0, 1, 1, 1, 0, 0], inputs["c"].Data.ToArray());
        Assert.Equal(new float[10], Numbers<float>(inputs["h"]));
    }

    [Theory]
    [InlineData("""{"rows":"all"}""", 6, "takes texts of 5 tokens, not of 6")]
    [InlineData("""{"rows":"last"}""", 3, "takes texts of 5 tokens and gives the last row alone, not of 3")]
    [InlineData("""{"rows":"all"}""", 3, "takes 'm', of which its bundle says nothing")]
    public void Inputs_ThatAreNotTheGraphs_AreRefusedInOneSentence(string whole, int tokens, string expected)
    {
        var pass = Open(whole, Port("inputs_embeds", "float32", "b", 5, Width), Port("m", "int64", "b", "s"));

        var refusal = Assert.Throws<StipException>(() => pass.Inputs(new byte[tokens * 16], tokens));

        Assert.Equal($"model 'toy': its graph {expected}", refusal.Message);
    }

    [Theory]
    [InlineData(5, 2, 2, 3, 4)] // an older server, which gives all rows
    [InlineData(3, 2, 0, 1, 2)] // those that were asked for
    [InlineData(1, 4, 0)]
    public void Logits_OfAllRowsOrTheWantedOnes_AreThose(int rows, int first, params int[] expected)
    {
        var pass = Open("""{"rows":"all"}""", Port("inputs_embeds", "float32", "b", "s", Width));

        var found = pass.Logits(Answer(rows, [1, rows, Toy.VocabSize]), 5, first);

        // Each row's largest logit is the token of its number.
        Assert.Equal(expected, found!.Select(row => row.ArgMax()));
    }

    [Fact]
    public void Logits_OfTheLastRowAlone_AreIt()
    {
        var pass = Open("""{"rows":"last"}""", Port("inputs_embeds", "float32", "b", "s", Width));

        Assert.Equal(0, Assert.Single(pass.Logits(Answer(1, [1, Toy.VocabSize]), 5, 4)!).ArgMax());
        Assert.Null(pass.Logits(Answer(2, [2, Toy.VocabSize]), 5, 4));
    }

    [Theory]
    [InlineData("other", "float32", 5)]
    [InlineData("logits", "int64", 5)]
    [InlineData("logits", "float32", 4)]
    public void Logits_OfAnAnswerThatIsAnother_AreNone(string name, string dtype, int rows)
    {
        var pass = Open("""{"rows":"all"}""", Port("inputs_embeds", "float32", "b", "s", Width));
        var answer = new ForwardResponse("id", ForwardResponse.ObjectName, "toy", new Dictionary<string, TensorPayload>
        {
            [name] = Answer(rows, [1, rows, Toy.VocabSize]).Outputs["logits"] with { Dtype = dtype },
        });

        Assert.Null(pass.Logits(answer, 5, 2));
    }

    [Fact]
    public void Logits_OfShares_AreTheirLogarithms()
    {
        var pass = Open(
            """{"rows":"all","gives":"probabilities"}""", Port("inputs_embeds", "float32", "b", "s", Width));
        var shares = new float[Toy.VocabSize];
        (shares[Toy.Permutation[3]], shares[Toy.Permutation[5]]) = (0.25f, 0.75f);

        var row = Assert.Single(pass.Logits(
            new ForwardResponse("id", ForwardResponse.ObjectName, "toy", new Dictionary<string, TensorPayload>
            {
                ["logits"] = new("float32", [1, 1, Toy.VocabSize], MemoryMarshal.AsBytes<float>(shares).ToArray()),
            }), 1, 0)!).Values.ToArray();

        Assert.Equal((MathF.Log(0.25f), MathF.Log(0.75f)), (row[3], row[5]));
        Assert.All(row.Where((_, id) => id is not (3 or 5)), logit => Assert.InRange(logit, -90, -80));
    }

    public void Dispose()
    {
        _bundle?.Dispose();
        _folder.Dispose();
    }

    private WholePass Open(string whole, params TensorManifest[] inputs)
    {
        ToyBundle.Write(_folder.Path, Toy, manifest => manifest["whole_sequence"] = JsonNode.Parse(whole));
        _bundle = Bundle.Open(_folder.Path);
        return new WholePass(_bundle, new GraphManifest("model.onnx", inputs, []));
    }

    private static TensorManifest Port(string name, string dtype, params object[] axes) =>
        new(name, dtype, [.. axes.Select(axis => JsonSerializer.SerializeToElement(axis))]);

    // Row i in the server's order, its largest logit that of token i.
    private static ForwardResponse Answer(int rows, long[] shape)
    {
        var logits = new float[rows * Toy.VocabSize];
        for (var row = 0; row < rows; row++)
        {
            logits[(row * Toy.VocabSize) + Toy.Permutation[row]] = 1;
        }

        return new ForwardResponse("id", ForwardResponse.ObjectName, "toy", new Dictionary<string, TensorPayload>
        {
            ["logits"] = new("float32", shape, MemoryMarshal.AsBytes<float>(logits).ToArray()),
        });
    }

    private static T[] Numbers<T>(TensorPayload tensor)
        where T : struct => MemoryMarshal.Cast<byte, T>(tensor.Data.Span).ToArray();
}
