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

    [Theory]
    [InlineData(TensorDtype.Float32)]
    [InlineData(TensorDtype.Float16)]
    public void Append_RoundedToBfloat16_IsWhatTorchMultiplies(TensorDtype dtype)
    {
        var decoder = new DecoderGraph(
            new RandomTensors(1, dtype),
            dtype,
            new DecoderShape(4, 0, new AttentionHeads(2, 2, 8), 5, Tokens),
            hasCache: false)
        {
            ContextLength = Tokens,
        };
        var bias = new LinearBias([0.5f, MathF.Sqrt(0.5f)]) { IsRounded = true, Factor = 0.25 }.Append(decoder);
        decoder.Graph.AddOutput(bias, dtype, 1, 2, "seq", "total");
        decoder.Graph.Save(_folder.At("bias.onnx"));
        using var graph = new GraphRunner(_folder.At("bias.onnx"));

        var values = graph.Run(new Dictionary<string, HostTensor>
        {
            ["inputs_embeds"] = HostTensor.FromFloats(new float[Tokens * 4], 1, Tokens, 4).ConvertTo(dtype),
            ["attention_mask"] = HostTensor.FromIntegers([.. Enumerable.Repeat(1L, Tokens)], 1, Tokens),
        })[bias].ToFloats();

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
}
