using Google.Protobuf;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Protection.Blocks;

namespace Stip.Export.Tests.Protection;

/// <summary>Decoders are verified as a server runs them: several sequences at once, of lengths of their own.</summary>
public sealed class BatchedVerificationTests(ExportedModels exported, ProtectedModels packages)
{
    private const string Llama = "tiny-llama2-70b";
    private const string Gpt2 = "tiny-gpt2-xl";

    [Theory]
    [InlineData(Llama)]
    [InlineData(Gpt2)]
    [InlineData("tiny-mistral-window")]
    public async Task Passes_OfADecoder_AreBatchesAndSingleSequencesWithAndWithoutCache(string name)
    {
        using var plain = Onnx.Protection.PlainModel.Open(await exported.FolderAsync(name));
        using var moved = ProtectedModel.Open(await packages.FolderAsync(exported, name));
        using var passes = new PartPasses(plain, moved, plain.Parts[0]);

        PassPair[] made = [.. passes.Make(PackageVerifier.DefaultSamples)];

        var sizes = made.Select(pass => (
            Rows: pass.Plain["inputs_embeds"].Shape, Lengths: pass.Plain["seqlens_k"].ToIntegers())).ToArray();
        Assert.All(sizes, size => Assert.Equal(size.Rows[0], size.Lengths.Length));
        Assert.Contains(sizes, size => size.Rows is [> 1, > 1, _] && size.Lengths[0] == size.Rows[1] - 1);
        Assert.Contains(sizes, size => size.Rows is [> 1, 1, _] && size.Lengths.Distinct().Count() > 1);
        Assert.Contains(sizes, size => size.Rows is [1, > 1, _]);
        Assert.Contains(sizes, size => size.Rows is [1, 1, _] && size.Lengths[0] > 0);
    }

    // One sequence alone shows nothing of it.
    [Theory]
    [InlineData(Llama, VerificationMode.Full)]
    [InlineData(Llama, VerificationMode.Blocks)]
    [InlineData(Gpt2, VerificationMode.Full)]
    [InlineData(Gpt2, VerificationMode.Blocks)]
    public async Task GraphThatReadsTheFirstSequenceForAll_IsFound(string name, VerificationMode mode)
    {
        var (package, _) = await packages.ProtectAsync(
            exported, name, new ProtectionOptions(Verify: VerificationMode.None), seed: 4);
        using (var model = ProtectedModel.Open(package))
        {
            ReadFirstSequence(model.GraphPath);
        }

        var report = PackageVerifier.Verify(await exported.FolderAsync(name), package, samples: 2, mode: mode);

        Assert.False(report.Passed);
        Assert.StartsWith("output ", report.Worst, StringComparison.Ordinal);
    }

    private static void ReadFirstSequence(string path)
    {
        const string Rows = "inputs_embeds";
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        var graph = model.Graph;
        foreach (var node in graph.Node)
        {
            string[] inputs = [.. node.Input.Select(input => input == Rows ? "rows" : input)];
            node.Input.Clear();
            node.Input.Add(inputs);
        }

        graph.Node.Insert(0, new NodeProto
        {
            OpType = "Constant",
            Output = { "zero" },
            Attribute = { NodeAttribute.Ints("value_ints", 0) },
        });
        graph.Node.Insert(1, new NodeProto { OpType = "Gather", Input = { Rows, "zero" }, Output = { "first" } });
        graph.Node.Insert(2, new NodeProto { OpType = "Shape", Input = { Rows }, Output = { "size" } });
        graph.Node.Insert(3, new NodeProto { OpType = "Expand", Input = { "first", "size" }, Output = { "rows" } });
        File.WriteAllBytes(path, model.ToByteArray());
    }
}
