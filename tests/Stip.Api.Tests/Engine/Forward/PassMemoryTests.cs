using System.Text.Json;
using Stip.Api.Engine;
using Stip.Api.Engine.Forward;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Engine.Forward;

public sealed class PassMemoryTests
{
    private const int Hidden = 64;
    private const int Rows = 128;
    private const int Texts = 8;

    private static readonly TensorManifest Embeds = new("inputs_embeds", "float32", Shape("batch", "seq", Hidden));
    private static readonly TensorManifest States = new("last_hidden_state", "float32", Shape("batch", "seq", Hidden));

    [Theory]
    [InlineData("batch", "seq")]
    [InlineData("logits_dim_0", "logits_dim_1")]
    public void Outputs_OfAWideVocabulary_CountTwice(string first, string second)
    {
        const int vocabulary = 250_002;
        var graph = new GraphManifest("m", [Embeds], [new("logits", "float16", Shape(first, second, vocabulary))]);
        var inputs = Inputs(graph, [Texts, Rows, Hidden]);

        const double answer = 2.0 * Texts * Rows * vocabulary;
        Assert.Equal(answer, PassMemory.AnswerBytes(graph, inputs, Hidden));
        Assert.InRange(PassMemory.Bytes(graph, inputs, Hidden), 2 * answer, 2.1 * answer);
    }

    [Theory]
    [InlineData("other", Hidden)]
    [InlineData]
    public void Pass_WhoseOutputsAxesAreNamedOtherwise_CostsNoMoreThanTheirSize(params object[] output)
    {
        var usual = Bytes([Embeds], [States], [Texts, Rows, Hidden]);
        var other = Bytes([Embeds], [new TensorManifest("pooled", "float32", Shape(output))], [Texts, Rows, Hidden]);

        Assert.InRange(other, usual / 2, usual * 1.1);
    }

    [Theory]
    [InlineData("int64", new long[] { Texts, Rows }, "batch", "seq")]
    [InlineData("int64", new long[] { Texts, 1, Rows, Rows }, "batch", 1, "seq", "seq")]
    [InlineData("bool", new long[] { Texts, 1, Rows, Rows }, "batch", 1, "q", "k")]
    [InlineData("float32", new long[] { Texts, 1, Rows, Rows }, "batch", 1, "seq", "seq")]
    [InlineData("int64", new long[] { Texts, Rows, 4 }, "batch", "seq", 4)]
    [InlineData("float32", new long[] { Texts, Rows, 4 }, "b", "seq", 4)]
    public void Inputs_BesideTheRows_CostNothingMore(string dtype, long[] given, params object[] shape)
    {
        var alone = Bytes([Embeds], [States], [Texts, Rows, Hidden]);
        var beside = new TensorManifest("beside", dtype, Shape(shape));

        Assert.Equal(alone, Bytes([Embeds, beside], [States], [Texts, Rows, Hidden], given));
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("uint8")]
    public void Pictures_CostTheSquareOfTheirPatchesEach(string dtype)
    {
        var pixels = new TensorManifest("pixel_values", dtype, Shape("images", 3, "height", "width"));
        var pooled = new TensorManifest("pooled", "float32", Shape("n", Hidden));
        var one = Bytes([pixels], [pooled], [1, 3, 64, 64]);

        Assert.InRange(Bytes([pixels], [pooled], [4, 3, 64, 64]), 3.9 * one, 4.1 * one);
        Assert.True(Bytes([pixels], [pooled], [1, 3, 128, 128]) > 8 * one);
    }

    [Fact]
    public void Patches_OfPicturesOfAnySize_AreRowsOfOneSequence()
    {
        var patches = new TensorManifest("pixel_values", "float32", Shape("patches", Hidden));
        var states = new TensorManifest("states", "float32", Shape("merged", Hidden));
        var half = Bytes([patches], [states], [2048, Hidden]);

        Assert.True(Bytes([patches], [states], [4096, Hidden]) > 3 * half);
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(long.MaxValue)]
    public void Sizes_BeyondAnyNumber_GiveAnEstimate(long axis)
    {
        var axes = Enumerable.Repeat<object>(axis, 8).ToArray();
        var graph = new GraphManifest("m", [Embeds], [new("huge", "float32", Shape(axes))]);

        Assert.True(PassMemory.Bytes(graph, Inputs(graph, [1, 2, Hidden]), Hidden) > long.MaxValue);
    }

    private static double Bytes(
        IReadOnlyList<TensorManifest> inputs, IReadOnlyList<TensorManifest> outputs, params long[][] shapes)
    {
        var graph = new GraphManifest("m", inputs, outputs);
        return PassMemory.Bytes(graph, Inputs(graph, shapes), Hidden);
    }

    private static ValidInputs Inputs(GraphManifest graph, params long[][] shapes)
    {
        var given = graph.Inputs.Zip(shapes).ToDictionary(
            pair => pair.First.Name,
            pair =>
            {
                Assert.True(TensorDtypes.TryParseWire(pair.First.Dtype, out var dtype));
                var bytes = pair.Second.Aggregate((long)dtype.ByteSize(), (product, axis) => product * axis);
                return new TensorPayload(pair.First.Dtype, pair.Second, new byte[bytes]);
            });
        Assert.True(ValidInputs.Judge(graph, given).Is(out var inputs, out var refusal), refusal?.Message);
        return inputs;
    }

    private static JsonElement[] Shape(params object[] axes) =>
        [.. axes.Select(axis => JsonSerializer.SerializeToElement(axis))];
}
