using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

/// <summary>A cache of fixed room with the number of its filled rows beside it.</summary>
public sealed class SharedCacheSampleTests
{
    private const int Hidden = 32;
    private const int Heads = 4;

    [Fact]
    public void Protect_OfASharedCache_FillsItAsFarAsItSays()
    {
        using var graph = new SmallGraph();
        using var folder = new TemporaryFolder();
        graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", 1);
        graph.Graph.AddInput("past_sequence_length", TensorDtype.Int32, 1);
        graph.Add("Gather", "rows", graph.Weight("tokens", 11, Hidden), "input_ids");
        string[] projected = [.. new[] { "query", "key", "value" }.Select(name =>
            graph.Add("MatMul", name, "rows", graph.Weight($"{name}_weight", Hidden, Hidden)))];
        string[] caches = ["key", "value"];
        foreach (var name in caches)
        {
            graph.Input($"past_key_values.0.{name}", "batch", Heads, "max_sequence_length", Hidden / Heads);
            graph.Output($"present.0.{name}", "batch", Heads, "max_sequence_length", Hidden / Heads);
        }

        graph.Graph.AddMicrosoft(
            "DecoderMaskedMultiHeadAttention", "attention",
            [.. projected, "", "", "past_key_values.0.key", "past_key_values.0.value", "past_sequence_length"],
            ["attended", "present.0.key", "present.0.value"],
            NodeAttribute.Int("num_heads", Heads), NodeAttribute.Int("past_present_share_buffer", 1));
        graph.Add("MatMul", "logits", "attended", graph.Weight("head", Hidden, 11));
        graph.Output("logits", "batch", 1, 11);
        graph.Save().Dispose();

        var made = PackageProtector.Protect(
            graph.FilePath, folder.At("package"), new ProtectionOptions("shared"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
    }
}
