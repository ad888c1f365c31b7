using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Execution;

/// <summary>A decoder graph of one attention layer, with random weights.</summary>
internal static class TinyDecoder
{
    public const int HiddenSize = 16;
    public const int VocabSize = 11;
    private const int HeadDim = 8;

    /// <summary>Writes the graph, with two query heads over one key/value head.</summary>
    public static void Save(string path, TensorDtype dtype)
    {
        var random = new Random(3);
        var graph = new GraphBuilder("decoder");
        graph.AddInput("inputs_embeds", dtype, "batch", "seq", HiddenSize);
        graph.AddInput("seqlens_k", TensorDtype.Int32, "batch");
        graph.AddInput("total_sequence_length", TensorDtype.Int32);
        graph.AddInput("logits_rows", TensorDtype.Int64, "n");
        graph.AddInput("past_key_values.0.key", dtype, "batch", 1, "max_len", HeadDim);
        graph.AddInput("past_key_values.0.value", dtype, "batch", 1, "max_len", HeadDim);
        var packed = graph.Add("MatMul", "qkv", ["inputs_embeds", Matrix("w_qkv", HiddenSize, 4 * HeadDim)]);
        var attended = graph.AddMicrosoft(
            "GroupQueryAttention",
            "attention",
            [packed, "", "", "past_key_values.0.key", "past_key_values.0.value", "seqlens_k", "total_sequence_length"],
            ["attended", "present.0.key", "present.0.value"],
            NodeAttribute.Int("num_heads", 2),
            NodeAttribute.Int("kv_num_heads", 1))[0];
        var flat = graph.Add("Reshape", "flat", [attended, graph.AddConstant("shape", -1, 2 * HeadDim)]);
        var rows = graph.Add("Gather", "rows", [flat, "logits_rows"]);
        graph.Append("", "MatMul", "head", [rows, Matrix("w_head", 2 * HeadDim, VocabSize)], ["logits"]);
        graph.AddOutput("logits", dtype, "n", VocabSize);
        graph.AddOutput("present.0.key", dtype, "batch", 1, "max_len", HeadDim);
        graph.AddOutput("present.0.value", dtype, "batch", 1, "max_len", HeadDim);
        graph.Save(path);

        string Matrix(string name, int inputs, int outputs)
        {
            var values = Enumerable.Range(0, inputs * outputs).Select(_ => random.NextSingle() - 0.5f).ToArray();
            return graph.AddWeight(name, Weight.FromFloats(dtype, [inputs, outputs], values));
        }
    }
}
