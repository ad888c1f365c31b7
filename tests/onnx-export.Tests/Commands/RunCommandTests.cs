using Stip.Export.Running;
using Stip.Export.Tests.Architectures;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Running;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

public sealed class RunCommandTests(ExportedModels models) : IDisposable
{
    private const string Name = "tiny-llama2-70b";
    private const float LargestDifference = 1e-4f;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Run_OfAFolder_WritesLogitsOfEveryRowThenTheCache()
    {
        var reference = ReferenceCase.Load(KnownCheckpoints.Folder(Name))[2];
        var count = reference.InputIds.Length;

        var outputs = await RunAsync(("input_ids", HostTensor.FromIntegers(reference.InputIds, 1, count)));

        Assert.Equal(
            [
                "logits", "present.0.key", "present.0.value", "present.1.key", "present.1.value", "present.2.key",
                "present.2.value",
            ],
            outputs.Select(output => output.Key));
        Assert.Equal([1, count, 160], outputs["logits"].Shape);
        Assert.Equal([1, 1, count, 8], outputs["present.2.value"].Shape);
        Assert.InRange(ReferenceTests.Largest(outputs["logits"].ToFloats(), reference.Logits!), 0, LargestDifference);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_OfAPaddedBatch_LeavesMaskedTokensOut(bool padsLeft)
    {
        var cases = ReferenceCase.Load(KnownCheckpoints.Folder(Name));
        var (first, second) = (cases[1].InputIds, cases[2].InputIds);
        var length = second.Length;
        var padding = new long[length - first.Length];
        var ones = Enumerable.Repeat(1L, first.Length);
        long[] ids = [.. padsLeft ? [.. padding, .. first] : first.Concat(padding), .. second];
        long[] mask = [.. padsLeft ? [.. padding, .. ones] : ones.Concat(padding), .. second.Select(_ => 1L)];

        var outputs = await RunAsync(
            ("input_ids", HostTensor.FromIntegers(ids, 2, length)),
            ("attention_mask", HostTensor.FromIntegers(mask, 2, length)));

        var logits = outputs["logits"].ToFloats(); // [2, length, vocab]
        var start = padsLeft ? padding.Length * 160 : 0;
        Assert.InRange(
            ReferenceTests.Largest(logits.AsSpan(start, first.Length * 160), cases[1].Logits!), 0, LargestDifference);
        Assert.InRange(ReferenceTests.Largest(logits.AsSpan(length * 160), cases[2].Logits!), 0, LargestDifference);
    }

    [Fact]
    public async Task Run_OfAnOnnxFile_TakesItsOwnInputs()
    {
        var folder = await models.FolderAsync(Name);
        var inputs = new Dictionary<string, HostTensor>
        {
            ["inputs_embeds"] = HostTensor.FromFloats(new float[2 * 64], 1, 2, 64),
            ["seqlens_k"] = HostTensor.FromIntegers([1], 1),
            ["total_sequence_length"] = HostTensor.FromIntegers([2]),
            ["logits_rows"] = HostTensor.FromIntegers([0L], 1),
            ["position_ids"] = HostTensor.FromIntegers([0L, 1L], 1, 2),
        };
        foreach (var layer in Enumerable.Range(0, 3))
        {
            inputs[$"past_key_values.{layer}.key"] = HostTensor.FromFloats(new float[4 * 8], 1, 1, 4, 8);
            inputs[$"past_key_values.{layer}.value"] = HostTensor.FromFloats(new float[4 * 8], 1, 1, 4, 8);
        }

        var (exitCode, _, error) = Run(Path.Combine(folder, "model.onnx"), inputs);

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal([1, 160], TensorFile.Read(_folder.At("out.safetensors"))["logits"].Shape);
    }

    [Fact]
    public async Task Run_WithATokenBeyondTheVocabulary_IsRefusedAndWritesNothing()
    {
        var (exitCode, _, error) = Run(
            await models.FolderAsync(Name), new() { ["input_ids"] = HostTensor.FromIntegers([1L, 160L], 1, 2) });

        Assert.Equal(1, exitCode);
        Assert.Equal("token id 160 is outside 0..159", error.Trim());
        Assert.Equal(["in.safetensors"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Run_OfABFloat16Folder_SaysWhatTheCpuTakes()
    {
        var (exitCode, _, error) = Run(
            await models.FolderAsync(Name, TensorDtype.BFloat16),
            new() { ["input_ids"] = HostTensor.FromIntegers([1L], 1) });

        Assert.Equal(1, exitCode);
        Assert.Contains("float32 and float16 graphs do, bfloat16 ones need CUDA", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_OfMoreLogitsThanATensorHolds_SaysHowManyTokensFit()
    {
        var folder = await models.FolderAsync(Name);
        var ids = new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers(new long[52_429 * 64], 52_429, 64),
        };

        var refusal = Assert.Throws<Onnx.RefusedException>(() => WholeModel.Run(folder, ids));

        Assert.Equal(
            "logits of 52429 times 64 tokens are more than a tensor holds; at most 3355443 tokens in all fit with 160 "
            + "words", refusal.Message);
    }

    [Fact]
    public async Task Run_WithMoreTokensThanPositions_IsRefused()
    {
        var (_, _, error) = Run(
            await models.FolderAsync(Name), new() { ["input_ids"] = HostTensor.FromIntegers(new long[65], 65) });

        Assert.Equal("65 tokens are too many; the model has 1..64", error.Trim());
    }

    [Theory]
    [InlineData("input_ids", "input_ids: float32 is not an integer type; it must be int64 or int32")]
    [InlineData("attention_mask", "attention_mask: bool is not an integer type; it must be int64 or int32")]
    public async Task Run_WithInputsOfAnotherType_SaysWhichTheyMustBe(string name, string line)
    {
        var inputs = new Dictionary<string, HostTensor> { ["input_ids"] = HostTensor.FromIntegers([1L, 2L], 1, 2) };
        inputs[name] = name == "input_ids" ? HostTensor.FromFloats([1, 2], 1, 2)
            : new HostTensor(TensorDtype.Bool, [1, 2], [1, 1]);

        var (exitCode, _, error) = Run(await models.FolderAsync(Name), inputs);

        Assert.Equal((1, line), (exitCode, error.Trim()));
    }

    [Theory]
    [InlineData("ids", "input 'ids' is float32; the graph takes int32")]
    [InlineData("large", "input 'ids' has numbers that do not fit the graph's int32")]
    [InlineData("bool", "input 'ids' is bool; the graph takes int32")]
    public void Run_OfAGraphWithInputsOfAnotherType_SaysWhichTheyMustBe(string given, string line)
    {
        var graph = new GraphBuilder("g");
        graph.AddInput("ids", TensorDtype.Int32, "n");
        graph.Append("", "Neg", "node", ["ids"], ["y"]);
        graph.AddOutput("y", TensorDtype.Int32, "n");
        graph.Save(_folder.At("g.onnx"));

        var (exitCode, _, error) = Run(_folder.At("g.onnx"), new()
        {
            ["ids"] = given == "large" ? HostTensor.FromIntegers([1L << 40], 1)
                : given == "bool" ? new HostTensor(TensorDtype.Bool, [1], [1]) : HostTensor.FromFloats([1], 1),
        });

        Assert.Equal((1, line), (exitCode, error.Trim()));
    }

    [Theory]
    [InlineData(TensorProto.Types.DataType.Uint16, "'x' of the graph is of type UInt16, which no tensor here has")]
    [InlineData(TensorProto.Types.DataType.String, "'x' of the graph is of type String, which no tensor here has")]
    public void Run_OfAGraphWhoseTypesNoFileHas_IsRefused(TensorProto.Types.DataType type, string line)
    {
        var graph = new GraphBuilder("g");
        graph.AddInput("x", TensorDtype.Int32, "n");
        graph.Append("", "Identity", "node", ["x"], ["y"]);
        graph.AddOutput("y", TensorDtype.Int32, "n");
        foreach (var port in graph.Graph.Input.Concat(graph.Graph.Output))
        {
            port.Type.TensorType.ElemType = (int)type;
        }

        graph.Save(_folder.At("g.onnx"));

        var (exitCode, _, error) = Run(
            _folder.At("g.onnx"), new() { ["x"] = HostTensor.FromIntegers([1], 1) });

        Assert.Equal((1, line), (exitCode, error.Trim()));
    }

    [Fact]
    public async Task Run_WithOtherInputs_NamesThoseItTakes()
    {
        var (_, _, error) = Run(
            await models.FolderAsync(Name), new() { ["pixels"] = HostTensor.FromFloats([1], 1) });

        Assert.Equal("the model takes input_ids and attention_mask; given are pixels", error.Trim());
    }

    public void Dispose() => _folder.Dispose();

    private (int ExitCode, string Output, string Error) Run(string model, Dictionary<string, HostTensor> inputs)
    {
        TensorFile.Write(_folder.At("in.safetensors"), inputs.Select(input => (input.Key, input.Value)));
        return CommandLine.Run(
            "run",
            "--model", model,
            "--inputs", _folder.At("in.safetensors"),
            "--output", _folder.At("out.safetensors"));
    }

    private async Task<Dictionary<string, HostTensor>> RunAsync(params (string Name, HostTensor Tensor)[] inputs)
    {
        var (exitCode, _, error) = Run(await models.FolderAsync(Name), inputs.ToDictionary());
        Assert.Equal((0, ""), (exitCode, error));
        return TensorFile.Read(_folder.At("out.safetensors"));
    }
}
