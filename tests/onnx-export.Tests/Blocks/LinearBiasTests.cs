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
    private const int LongestText = 4000;

    private readonly TemporaryFolder _folder = new();

    // Positions of that size lie two apart in float16: only distances from the row itself keep their nearness.
    [Fact]
    public void Append_InANarrowType_TellsTheNearestKeysApart()
    {
        const int length = LongestText;
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

    // The total is that of the longest text: from there the short one's keys would lie four apart.
    [Fact]
    public void Append_ForTextsOfOtherLengths_GivesEachWhatItHasAlone()
    {
        const int rows = 2;
        int[] lengths = [20, 3000];

        var together = RunCached(new LinearBias([0.8409f]), rows, lengths);

        Assert.Equal(lengths.Length * rows * lengths[1], together.Length);
        for (var text = 0; text < lengths.Length; text++)
        {
            var (length, alone) = (lengths[text], RunCached(new LinearBias([0.8409f]), rows, lengths[text]));
            for (var row = 0; row < rows; row++)
            {
                var own = alone.AsSpan(row * length, length).ToArray();
                Assert.Equal(own, together.AsSpan(((text * rows) + row) * lengths[1], length).ToArray());
                Assert.Equal(0, own[length - rows + row]);
                Assert.Equal(-0.8409f, own[length - rows + row - 1], 0.0003f); // half a step of float16 below 1
            }
        }
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

    private float[] Run(LinearBias made, TensorDtype dtype, int tokens) => RunGraph(
        made,
        dtype,
        new()
        {
            ["inputs_embeds"] = HostTensor.FromFloats(new float[tokens * 4], 1, tokens, 4).ConvertTo(dtype),
            ["attention_mask"] = HostTensor.FromIntegers([.. Enumerable.Repeat(1L, tokens)], 1, tokens),
        });

    // The last rows of texts whose earlier ones are in a cache.
    private float[] RunCached(LinearBias made, int rows, params int[] lengths) => RunGraph(
        made,
        TensorDtype.Float16,
        new()
        {
            ["inputs_embeds"] = HostTensor.FromFloats(new float[lengths.Length * rows * 4], lengths.Length, rows, 4)
                .ConvertTo(TensorDtype.Float16),
            ["seqlens_k"] = HostTensor.FromIntegers(
                [.. lengths.Select(length => length - 1)], lengths.Length),
            ["total_sequence_length"] = HostTensor.FromIntegers([lengths.Max()]),
            ["logits_rows"] = HostTensor.FromIntegers([0L], 1),
        });

    private float[] RunGraph(LinearBias made, TensorDtype dtype, Dictionary<string, HostTensor> inputs)
    {
        var heads = made.Slopes.Length;
        var decoder = new DecoderGraph(
            new RandomTensors(1, dtype),
            dtype,
            new DecoderShape(4, 0, new AttentionHeads(heads, heads, 8), 5, LongestText),
            hasCache: inputs.ContainsKey("seqlens_k"))
        {
            ContextLength = LongestText,
        };
        var bias = made.Append(decoder);
        decoder.Graph.AddOutput(bias, dtype, "batch", heads, "seq", "total");
        var file = _folder.At($"{Guid.NewGuid():N}.onnx");
        decoder.Graph.Save(file);
        using var graph = new GraphRunner(file);
        return graph.Run(inputs)[bias].ToFloats();
    }
}
