using System.Text.Json;
using Stip.Keys.Bundles;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>What a graph calls its inputs and outputs is told by what it does with them.</summary>
public sealed class ForeignPortsTests
{
    private const int Hidden = 12;
    private const int Words = 11;

    [Theory]
    [InlineData("x0", "x1", "y0", "attention_mask=x1 logits=y0", "input_ids=x0")]
    [InlineData("input_ids", "attention_mask", "logits", "", "")]
    [InlineData("x0", "attention_mask", "logits", "", "input_ids=x0")]
    public void Protect_OfADecoder_NamesWhatHasNoUsualName(
        string ids, string mask, string logits, string ports, string names)
    {
        using var graph = new SmallGraph();
        using var folder = new TemporaryFolder();
        Build(graph, ids, mask, logits);

        var made = PackageProtector.Protect(
            graph.FilePath, folder.At("package"), new ProtectionOptions("opaque"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        var package = Read<PackageManifest>(folder.At("package/cloud/stip.json"));
        var bundle = Read<BundleManifest>(folder.At("package/client/bundle.json"));
        Assert.Equal(ports, Text(package.Graphs["decoder"].Ports));
        Assert.Equal(names, Text(bundle.Embedding.Names));
        Assert.Equal([EmbeddingManifest.Token], bundle.Embedding.Tensors);
        Assert.Equal(Words, package.VocabSize);
        using var output = SafetensorsFile.Open(folder.At("package/client/output.safetensors"));
        Assert.Equal([BundleManifest.VocabPermutationTensor], output.Header.Entries.Keys);
    }

    [Theory]
    [InlineData("y0", Words, 3, "attention_mask=x1 logits=y0", BundleManifest.VocabPermutationTensor)]
    [InlineData("y0", 2, 2, "attention_mask=x1 logits=y0", BundleManifest.VocabPermutationTensor)]
    [InlineData("y0", Hidden, 3, "attention_mask=x1 last_hidden_state=y0", "output_permutation.y0")]
    [InlineData("y0", Hidden, 2, "attention_mask=x1 text_embeds=y0", "output_permutation.y0")]
    [InlineData("last_hidden_state", Hidden, 3, "attention_mask=x1", "output_permutation.last_hidden_state")]
    public void Protect_OfAnEncoder_NamesWhatHasNoUsualName(
        string output, int width, int rank, string ports, string permutation)
    {
        using var graph = new SmallGraph();
        using var folder = new TemporaryFolder();
        BuildEncoder(graph, output, width, rank);

        var made = PackageProtector.Protect(
            graph.FilePath, folder.At("package"), new ProtectionOptions("opaque"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        var package = Read<PackageManifest>(folder.At("package/cloud/stip.json"));
        Assert.Equal(ports, Text(package.Graphs["encoder"].Ports));
        using var orders = SafetensorsFile.Open(folder.At("package/client/output.safetensors"));
        Assert.Equal([permutation], orders.Header.Entries.Keys);
    }

    [Theory]
    [InlineData("last_hidden_state", "924", Hidden, "attention_mask=x1")] // BERT's pooler, of an older exporter
    [InlineData("token_embeddings", "sentence_embedding", Hidden,
        "attention_mask=x1 last_hidden_state=token_embeddings text_embeds=sentence_embedding")]
    [InlineData("token_embeddings", "sentence_embedding", 5,
        "attention_mask=x1 last_hidden_state=token_embeddings text_embeds=sentence_embedding")]
    public void Protect_OfRowsAndAVector_TakesForTheTextsOwnWhatSaysSo(
        string rows, string vector, int width, string ports)
    {
        using var graph = new SmallGraph();
        using var folder = new TemporaryFolder();
        BuildRows(graph);
        graph.Add("MatMul", rows, "attended", graph.Weight("last", Hidden, Hidden));
        graph.Output(rows, "batch_size", "sequence_length", rows == "last_hidden_state" ? "dim_2" : Hidden);
        graph.With("Gather", "first", [rows, graph.Integer(0)], NodeAttribute.Int("axis", 1));
        graph.Add("MatMul", "pooled", "first", graph.Weight("pooler", Hidden, width));
        graph.Add("Tanh", vector, "pooled");
        graph.Output(vector, "batch_size", width);
        graph.Save().Dispose();

        PackageProtector.Protect(
            graph.FilePath, folder.At("package"), new ProtectionOptions("opaque"), new SeededRandom(3));

        var package = Read<PackageManifest>(folder.At("package/cloud/stip.json"));
        Assert.Equal(ports, Text(package.Graphs["encoder"].Ports));
    }

    private static void BuildEncoder(SmallGraph graph, string output, int width, int rank)
    {
        BuildRows(graph);
        var seen = "attended";
        if (rank == 2)
        {
            graph.With("Gather", "first", ["attended", graph.Integer(0)], NodeAttribute.Int("axis", 1));
            seen = "first";
        }

        graph.Add("MatMul", output, seen, graph.Weight("head", Hidden, width));
        graph.Output(output, rank == 2 ? ["batch_size", width] : ["batch_size", "sequence_length", width]);
        graph.Save().Dispose();
    }

    // Tokens that see one another where a mask lets them.
    private static void BuildRows(SmallGraph graph)
    {
        graph.Graph.AddInput("x0", TensorDtype.Int64, "batch_size", "sequence_length");
        graph.Graph.AddInput("x1", TensorDtype.Int64, "batch_size", "sequence_length");
        graph.Add("Gather", "rows", graph.Weight("tokens", Words, Hidden), "x0");
        graph.Add("MatMul", "query", "rows", graph.Weight("query_weight", Hidden, Hidden));
        graph.With("Transpose", "columns", ["rows"], NodeAttribute.Ints("perm", 0, 2, 1));
        graph.Add("MatMul", "scores", "query", "columns");
        graph.With("Cast", "counts", ["x1"], NodeAttribute.Int("to", (int)TensorProto.Types.DataType.Float));
        graph.Add("Sub", "absent", graph.Number(1), "counts");
        graph.Add("Mul", "bias", "absent", graph.Number(-1e4f));
        graph.Add("Unsqueeze", "bias_rows", "bias", graph.Numbers(1));
        graph.Add("Add", "masked", "scores", "bias_rows");
        graph.With("Softmax", "weights", ["masked"], NodeAttribute.Int("axis", -1));
        graph.Add("MatMul", "attended", "weights", "rows");
    }

    private static void Build(SmallGraph graph, string ids, string mask, string logits)
    {
        graph.Graph.AddInput(ids, TensorDtype.Int64, "batch_size", "sequence_length");
        graph.Graph.AddInput(mask, TensorDtype.Int64, "batch_size", "past_sequence_length + sequence_length");
        graph.Add("Gather", "rows", graph.Weight("tokens", Words, Hidden), ids);
        graph.Add("MatMul", "query", "rows", graph.Weight("query_weight", Hidden, Hidden));
        graph.Add("MatMul", "key", "rows", graph.Weight("key_weight", Hidden, Hidden));
        graph.Input("v3", "batch_size", "past_sequence_length", Hidden);
        graph.Output("v7", "batch_size", "past_sequence_length + sequence_length", Hidden);
        graph.With("Concat", "v7", ["v3", "key"], NodeAttribute.Int("axis", 1));
        graph.With("Transpose", "columns", ["v7"], NodeAttribute.Ints("perm", 0, 2, 1));
        graph.Add("MatMul", "scores", "query", "columns");
        graph.With("Cast", "counts", [mask], NodeAttribute.Int("to", (int)TensorProto.Types.DataType.Float));
        graph.Add("Sub", "absent", graph.Number(1), "counts");
        graph.Add("Mul", "bias", "absent", graph.Number(-1e4f));
        graph.Add("Unsqueeze", "bias_rows", "bias", graph.Numbers(1));
        graph.Add("Add", "masked", "scores", "bias_rows");
        graph.With("Softmax", "weights", ["masked"], NodeAttribute.Int("axis", -1));
        graph.Add("MatMul", "attended", "weights", "v7");
        graph.Add("MatMul", logits, "attended", graph.Weight("head", Hidden, Words));
        graph.Output(logits, "batch_size", "sequence_length", Words);
        graph.Save().Dispose();
    }

    private static T Read<T>(string path) => JsonSerializer.Deserialize<T>(File.ReadAllText(path), StipJson.File)!;

    private static string Text(IReadOnlyDictionary<string, string>? names) => string.Join(
        ' ', (names ?? new Dictionary<string, string>()).OrderBy(name => name.Key, StringComparer.Ordinal)
            .Select(name => $"{name.Key}={name.Value}"));
}
