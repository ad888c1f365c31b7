using Stip.Onnx.Model;
using Stip.Onnx.Protection;

namespace Stip.Onnx.Tests.Symmetry;

public sealed class AttentionTests
{
    private const int HeadDim = AttentionGraph.HeadDim;
    private const int QueryWidth = AttentionGraph.Heads * HeadDim;

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void GroupQueryAttention_Packed_IsExact(bool rotary, bool sink)
    {
        using var graph = AttentionGraph.Packed(rotary, sink);

        Assert.Equal(QueryWidth * 2, Run(graph).Initializers["w_qkv"].Axes[1]!.Length);
    }

    [Fact]
    public void GroupQueryAttention_WithWindowSoftcapAndInterleavedRotary_IsExact()
    {
        using var graph = AttentionGraph.Packed(
            rotary: true,
            sink: false,
            NodeAttribute.Int("local_window_size", 3),
            NodeAttribute.Float("softcap", 20),
            NodeAttribute.Int("rotary_interleaved", 1));

        Run(graph);
    }

    [Fact]
    public void GroupQueryAttention_WithSmoothSoftmax_IsExact()
    {
        using var graph = AttentionGraph.Packed(rotary: false, sink: false, NodeAttribute.Int("smooth_softmax", 1));

        Run(graph);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RotaryEmbedding_BeforeAttention_MovesPairsWithTheirAngles(bool interleaved)
    {
        using var graph = AttentionGraph.Apart(interleaved);

        var plan = Run(graph);

        var angles = plan.Initializers["cos"].Axes[1]!;
        Assert.Null(plan.Initializers["cos"].Axes[0]);
        Assert.Equal(angles, plan.Initializers["sin"].Axes[1]);
        var query = plan.Initializers["w_q"].Axes[1]!;
        for (var channel = 0; channel < QueryWidth; channel++)
        {
            var (from, to) = (channel % HeadDim, query[channel] % HeadDim);
            Assert.Equal(angles[Pair(from)], Pair(to));
            Assert.Equal(Part(from), Part(to));
        }

        int Pair(int channel) => interleaved ? channel / 2 : channel % (HeadDim / 2);
        int Part(int channel) => interleaved ? channel % 2 : channel / (HeadDim / 2);
    }

    [Fact]
    public void Heads_StayWhole_AndQueryHeadsFollowTheirGroup()
    {
        using var graph = AttentionGraph.Packed(rotary: false, sink: false);

        var plan = Run(graph);

        var columns = plan.Initializers["w_qkv"].Axes[1]!;
        var rows = plan.Initializers["w_o"].Axes[0]!;
        Assert.Equal(columns, plan.Initializers["b_qkv"].Axes[0]);
        for (var head = 0; head < AttentionGraph.Heads; head++)
        {
            var group = head / 2;
            var target = columns[head * HeadDim] / HeadDim;
            var valueGroup = (columns[((6 + group) * HeadDim)] / HeadDim) - 6;
            Assert.Equal(valueGroup, target / 2);
            for (var channel = 0; channel < HeadDim; channel++)
            {
                var key = columns[((4 + group) * HeadDim) + channel] - ((4 + valueGroup) * HeadDim);
                var value = columns[((6 + group) * HeadDim) + channel] - ((6 + valueGroup) * HeadDim);
                Assert.Equal((target * HeadDim) + key, columns[(head * HeadDim) + channel]);
                Assert.Equal((target * HeadDim) + value, rows[(head * HeadDim) + channel]);
            }
        }
    }

    private static ProtectionPlan Run(SmallGraph graph)
    {
        var plan = ProtocolLaw.AssertHolds(graph, AttentionGraph.Integers, AttentionGraph.Sizes);
        Assert.Equal(plan.Inputs["past.key"].Permutation, plan.Outputs["present.key"].Permutation);
        Assert.Equal(plan.Inputs["past.value"].Permutation, plan.Outputs["present.value"].Permutation);
        Assert.NotNull(plan.Inputs["x"].Permutation);
        Assert.NotNull(plan.Outputs["logits"].Permutation);
        return plan;
    }
}
