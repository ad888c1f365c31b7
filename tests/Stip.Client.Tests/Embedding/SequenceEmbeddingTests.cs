using Stip.Client.Embedding;
using Stip.Keys.Bundles;

namespace Stip.Client.Tests.Embedding;

/// <summary>Which encoders with decoders can be used, and what is said of the others.</summary>
public sealed class SequenceEmbeddingTests
{
    [Theory]
    [InlineData("whole", null)]
    [InlineData("no start", "bundle.json does not say the decoder's first token")]
    [InlineData("merged", null)]
    [InlineData("no decoder", "bundle.json names no client graph for 'decoder'")]
    [InlineData("sound", "encoder.onnx takes 'input_features', and models that take more than tokens")]
    [InlineData("a length more", "encoder.onnx does not turn input_ids into rows alone")]
    public void Fault_OfABundle_NamesWhatIsNotThere(string kind, string? fault)
    {
        var graphs = new[] { "encoder", "decoder", "decoder_with_past" }.ToDictionary(role => role, Graph);
        if (kind == "merged")
        {
            graphs.Remove("decoder_with_past");
        }

        if (kind == "no decoder")
        {
            graphs.Remove("decoder");
        }

        graphs["encoder"] = kind switch
        {
            "sound" => graphs["encoder"] with { Inputs = [new("input_features", "float32", [])] },
            "a length more" => graphs["encoder"] with
            {
                Outputs = [.. graphs["encoder"].Outputs, new("length", "int64", [])],
            },
            _ => graphs["encoder"],
        };
        var manifest = new BundleManifest(
            "stip/1", "pair", "i", 1, "permutation", "f", "encoder-decoder", 4, 8, 16, "float32", null, [1],
            new EmbeddingManifest([]))
        {
            ClientGraphs = graphs,
            Sequence = kind == "no start" ? null : new SequenceManifest(16, 0),
        };

        var said = SequenceEmbedding.Fault(manifest);

        Assert.Equal(fault is null, said is null);
        Assert.StartsWith(fault ?? "", said ?? "", StringComparison.Ordinal);
    }

    private static ClientGraphManifest Graph(string role) => new(
        $"{role}.onnx", [new("input_ids", "int64", []), new("attention_mask", "int64", [])],
        [new("inputs_embeds", "float32", [])]);
}
