using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Blocks;

public sealed class LinearBiasTests : IDisposable
{
    private const int Tokens = 1000;

    private readonly TemporaryFolder _folder = new();

    // Positions of that size lie two apart in float16: only distances from the row itself keep their nearness.
    [Fact]
    public void Append_InANarrowType_TellsTheNearestKeysApart()
    {
        const int length = 4000;
        const float slope = 0.8409f; // 2^-0.25
        var values = Run(new LinearBias([slope]), TensorDtype.Float16, length);

        for (var distance = 0; distance < 10; distance++)
        {
            // A step of float16 below 8 is 1/256.
            Assert.Equal(-slope * distance, values[(length * length) - 1 - distance], 0.004f);
        }

        // What comes after a row is masked, and does not grow.
        Assert.Equal(0, values[length - 1]);
    }

    [Theory]
    [InlineData(TensorDtype.Float32)]
    [InlineData(TensorDtype.Float16)]
    public void Append_RoundedToBfloat16_IsWhatTorchMultiplies(TensorDtype dtype)
    {
        var values = Run(
            new LinearBias([0.5f, MathF.Sqrt(0.5f)]) { IsRounded = true, Factor = 0.25 }, dtype, Tokens);

        // torch 1.13: slopes.bfloat16()[:, None] * torch.arange(1000), which rounds the integers first. In float16 the
        // second product at 45 lies halfway between two bfloat16.
        int[] keys = [45, 255, 257, 259, 383, 511, 513, 777, 999];
        float[][] expected =
        [
            [22.5f, 127.5f, 128, 130, 192, 256, 256, 388, 500],
            [31.875f, 180, 181, 184, 272, 362, 362, 548, 708],
        ];
        for (var head = 0; head < expected.Length; head++)
        {
            var first = head * Tokens * Tokens;
            Assert.Equal(expected[head], keys.Select(key => values[first + key] / 0.25f));
        }
    }

    public void Dispose() => _folder.Dispose();

    private float[] Run(LinearBias made, TensorDtype dtype, int tokens)
    {
        var heads = made.Slopes.Length;
        var decoder = new DecoderGraph(
            new RandomTensors(1, dtype),
            dtype,
            new DecoderShape(4, 0, new AttentionHeads(heads, heads, 8), 5, tokens),
            hasCache: false)
        {
            ContextLength = tokens,
        };
        var bias = made.Append(decoder);
        decoder.Graph.AddOutput(bias, dtype, 1, heads, "seq", "total");
        decoder.Graph.Save(_folder.At("bias.onnx"));
        using var graph = new GraphRunner(_folder.At("bias.onnx"));
        return graph.Run(new Dictionary<string, HostTensor>
        {
            ["inputs_embeds"] = HostTensor.FromFloats(new float[tokens * 4], 1, tokens, 4).ConvertTo(dtype),
            ["attention_mask"] = HostTensor.FromIntegers([.. Enumerable.Repeat(1L, tokens)], 1, tokens),
        })[bias].ToFloats();
    }
}
