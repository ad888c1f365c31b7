using System.Buffers.Binary;
using System.Text.Json.Nodes;
using Stip.Onnx.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

public sealed class ExportCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Output => _folder.At("out");

    [Fact]
    public void Export_OfAFolder_WritesGraphTablesManifestAndTokenizer()
    {
        var (exitCode, _, error) = Export(KnownCheckpoints.Folder("stories"));

        Assert.Equal((0, ""), (exitCode, error));
        string[] expected =
        [
            "embedding.safetensors", "export.json", "generation_config.json", "model.onnx", "model.onnx.data",
            "tokenizer.json", "tokenizer_config.json",
        ];
        Assert.Equal(expected, Directory.GetFiles(Output).Select(Path.GetFileName).Order());
        var manifest = ExportFolder.ReadManifest(Output);
        Assert.Equal(("stories", "decoder", "bfloat16"), (manifest.Model, manifest.Kind, manifest.WireDtype));
        Assert.Equal((256, 2048, 1024), (manifest.HiddenSize, manifest.VocabSize, manifest.ContextLength));
        Assert.Equal((6, 4, 32), (
            manifest.Graphs["decoder"].Cache!.Layers,
            manifest.Graphs["decoder"].Cache!.KvHeads,
            manifest.Graphs["decoder"].Cache!.HeadDim));
    }

    [Theory]
    [InlineData("--output", "export", "--checkpoint", "somewhere", "--output", "")]
    [InlineData("--checkpoint", "export", "--checkpoint", "", "--output", "out")]
    [InlineData("--html", "inspect", "--model", "somewhere", "--html", "")]
    public void Run_EmptyValue_IsRefusedByItsOption(string option, params string[] arguments)
    {
        var (exitCode, _, error) = CommandLine.Run(arguments);

        Assert.Equal(2, exitCode);
        Assert.Contains($"the value of {option} is empty", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stories", "model.embed_tokens.weight", "token_embedding")]
    [InlineData("stories-gpt2", "transformer.wte.weight", "token_embedding")]
    [InlineData("stories-gpt2", "transformer.wpe.weight", "position_embedding")]
    public void Export_OfATable_KeepsItsBytes(string name, string tensor, string table)
    {
        Export(KnownCheckpoints.Folder(name));

        using var source = SafetensorsFile.Open(Path.Combine(KnownCheckpoints.Folder(name), "model.safetensors"));
        using var written = SafetensorsFile.Open(Path.Combine(Output, "embedding.safetensors"));
        Assert.Equal(source.Header.Entries[tensor].Dtype, written.Header.Entries[table].Dtype);
        Assert.True(source.Bytes(tensor).SequenceEqual(written.Bytes(table)));
    }

    [Fact]
    public void Export_WhereTablesAreAdded_SendsFloat32()
    {
        Export(KnownCheckpoints.Folder("stories-gpt2"));

        var manifest = ExportFolder.ReadManifest(Output);
        Assert.Equal("float32", manifest.WireDtype);
        Assert.True(manifest.TiedEmbeddings);
        Assert.Equal(["token_embedding", "position_embedding"], manifest.Embedding.Tensors);
    }

    [Fact]
    public void Export_WithRandomWeights_NeedsConfigOnlyAndRepeatsItself()
    {
        var source = Copy("stories-draft", "config.json");

        Assert.Equal(0, Export(source, "--random-weights", "5").ExitCode);
        var first = File.ReadAllBytes(Path.Combine(Output, "model.onnx.data"));
        Directory.Delete(Output, recursive: true);
        Assert.Equal(0, Export(source, "--random-weights", "5").ExitCode);

        Assert.Equal(first, File.ReadAllBytes(Path.Combine(Output, "model.onnx.data")));
        Directory.Delete(Output, recursive: true);
        Assert.Equal(0, Export(source, "--random-weights", "6").ExitCode);
        Assert.NotEqual(first, File.ReadAllBytes(Path.Combine(Output, "model.onnx.data")));
    }

    [Fact]
    public void Export_OfShards_EqualsThatOfOneFile()
    {
        Export(KnownCheckpoints.Folder("tiny-llama2-7b"));
        var whole = File.ReadAllBytes(Path.Combine(Output, "model.onnx.data"));
        Directory.Delete(Output, recursive: true);
        var sharded = ShardedCheckpoint.Split(KnownCheckpoints.Folder("tiny-llama2-7b"), _folder.At("sharded"));

        Assert.Equal(0, Export(sharded).ExitCode);

        Assert.Equal(whole, File.ReadAllBytes(Path.Combine(Output, "model.onnx.data")));
    }

    [Fact]
    public void Export_OfNamesWithoutPrefix_EqualsThatWithIt()
    {
        Export(KnownCheckpoints.Folder("tiny-gpt2-xl"));
        var prefixed = File.ReadAllBytes(Path.Combine(Output, "model.onnx.data"));
        Directory.Delete(Output, recursive: true);
        var bare = Copy("tiny-gpt2-xl", "config.json");
        ShardedCheckpoint.Rewrite(
            Path.Combine(KnownCheckpoints.Folder("tiny-gpt2-xl"), "model.safetensors"),
            Path.Combine(bare, "model.safetensors"),
            name => name.Replace("transformer.", "", StringComparison.Ordinal));

        Assert.Equal(0, Export(bare).ExitCode);

        Assert.Equal(prefixed, File.ReadAllBytes(Path.Combine(Output, "model.onnx.data")));
    }

    [Fact]
    public void Export_WithoutConfig_IsRefused() =>
        AssertRefused("has no config.json", Export(Copy("stories-draft", "model.safetensors")));

    [Fact]
    public void Export_OfAMissingFolder_IsRefused() => AssertRefused(
        "has no config.json", Export(_folder.At("nowhere")));

    [Theory]
    [InlineData("0", "--context-length is 0; the model has 1..1024 positions")]
    [InlineData("1025", "--context-length is 1025; the model has 1..1024 positions")]
    public void Export_ForMorePositionsThanThereAre_IsRefused(string length, string reason) =>
        AssertRefused(reason, Export(KnownCheckpoints.Folder("stories-draft"), "--context-length", length));

    [Fact]
    public void Export_OfAnUnsupportedArchitecture_ListsThoseSupported() => AssertRefused(
        "architecture 'UnheardOfForCausalLM' is not supported; there are LlamaForCausalLM, GPT2LMHeadModel",
        Export(WithConfig(config => config["architectures"] = new JsonArray("UnheardOfForCausalLM"))));

    [Theory]
    [InlineData("hidden_size", "0", "hidden_size is 0; it must be 1..1073741824")]
    [InlineData("hidden_size", "\"wide\"", "hidden_size is \"wide\"; it must be 1..")]
    [InlineData("num_key_value_heads", "3", "4 attention heads cannot share 3 key/value heads")]
    [InlineData("num_attention_heads", "5", "5 attention heads do not divide a hidden size of 96")]
    [InlineData("head_dim", "23", "head_dim is 23; rotary embedding needs an even number")]
    [InlineData(
        "vocab_size",
        "2000",
        "tensor 'model.embed_tokens.weight' has shape [2048, 96]; config.json asks for [2000, 96]")]
    [InlineData("num_hidden_layers", "3", "the checkpoint has no tensor 'model.layers.2.input_layernorm.weight'")]
    [InlineData("hidden_act", "\"snake\"", "activation 'snake' is not supported; there are silu")]
    [InlineData("rope_scaling", """{"type": "spiral"}""", "rope type 'spiral' is not supported; there are default")]
    [InlineData("rms_norm_eps", "-1", "rms_norm_eps is -1; it must be a number above 0")]
    [InlineData("bos_token_id", "-1", "bos_token_id holds -1; token ids are 0..2147483647")]
    [InlineData("eos_token_id", "[1, 2.5]", "eos_token_id holds 2.5; token ids are 0..2147483647")]
    [InlineData("attention_bias", "7", "attention_bias is 7; it must be true or false")]
    [InlineData("max_position_embeddings", "1073741824", "a table of 1073741824 positions with 12 numbers each is too")]
    public void Export_OfAConfigThatCannotBe_NamesFieldValueAndRange(string field, string value, string message) =>
        AssertRefused(message, Export(WithConfig(config => config[field] = JsonNode.Parse(value))));

    [Fact]
    public void Export_OfConfigThatIsNotJson_IsRefused()
    {
        var source = Copy("stories-draft", "model.safetensors");
        File.WriteAllText(Path.Combine(source, "config.json"), "{\"architectures\": [");

        AssertRefused("config.json is not JSON", Export(source));
    }

    [Fact]
    public void Export_WithoutWeights_IsRefused() => AssertRefused(
        "has neither model.safetensors nor model.safetensors.index.json", Export(Copy("stories-draft", "config.json")));

    [Fact]
    public void Export_OfPickledWeights_NamesThemAndTheWayOut()
    {
        var source = Copy("stories-draft", "config.json");
        File.WriteAllText(Path.Combine(source, "pytorch_model.bin"), "");

        AssertRefused("'pytorch_model.bin' is a pickle, which is not read: convert it", Export(source));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(100)]
    [InlineData(1_000_000)]
    public void Export_OfATruncatedFile_IsRefused(int length)
    {
        var source = Copy("stories-draft", "config.json", "model.safetensors");
        using (var file = File.OpenWrite(Path.Combine(source, "model.safetensors")))
        {
            file.SetLength(length);
        }

        AssertRefused("model.safetensors: safetensors: ", Export(source));
    }

    [Fact]
    public void Export_OfAHeaderThatLies_IsRefused()
    {
        var source = Copy("stories-draft", "config.json", "model.safetensors");
        var path = Path.Combine(source, "model.safetensors");
        var bytes = File.ReadAllBytes(path);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, ulong.MaxValue / 2);
        File.WriteAllBytes(path, bytes);

        AssertRefused("header length", Export(source));
    }

    [Fact]
    public void Export_WithAMissingShard_NamesIt()
    {
        var sharded = ShardedCheckpoint.Split(KnownCheckpoints.Folder("tiny-llama2-7b"), _folder.At("sharded"));
        File.Delete(Path.Combine(sharded, "model-00002-of-00002.safetensors"));

        AssertRefused("names 'model-00002-of-00002.safetensors', which is not in", Export(sharded));
    }

    [Fact]
    public void Export_WithAShardOutsideTheFolder_IsRefused()
    {
        var sharded = ShardedCheckpoint.Split(KnownCheckpoints.Folder("tiny-llama2-7b"), _folder.At("sharded"));
        File.WriteAllText(
            Path.Combine(sharded, "model.safetensors.index.json"),
            """{"weight_map": {"a": "../secret.safetensors"}}""");

        AssertRefused("shard '../secret.safetensors' is not a file name", Export(sharded));
    }

    [Fact]
    public void Export_WithATokenizerBeyondTheVocabulary_IsRefused()
    {
        var source = Copy("stories-draft", "config.json", "model.safetensors");
        File.WriteAllText(
            Path.Combine(source, "tokenizer.json"),
            """{"model": {"vocab": {"a": 2048}}}""");

        AssertRefused("tokenizer.json has token id 2048; the vocabulary of config.json allows 0..2047", Export(source));
    }

    [Fact]
    public void Export_ToAFolderThatIsNotEmpty_IsRefusedAndLeavesItAlone()
    {
        Directory.CreateDirectory(Output);
        File.WriteAllText(Path.Combine(Output, "mine.txt"), "mine");

        var (exitCode, _, error) = Export(KnownCheckpoints.Folder("stories-draft"));

        Assert.Equal(1, exitCode);
        Assert.Contains("is not empty", error, StringComparison.Ordinal);
        Assert.Equal(["mine.txt"], Directory.GetFileSystemEntries(Output).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("--dtype", "int3")]
    [InlineData("--random-weights", "many")]
    [InlineData("--unheard", "of")]
    public void Export_WithWrongUsage_ExitsWith2(string option, string value) =>
        Assert.Equal(2, Export(KnownCheckpoints.Folder("stories-draft"), option, value).ExitCode);

    public void Dispose() => _folder.Dispose();

    private (int ExitCode, string Output, string Error) Export(string source, params string[] more) =>
        CommandLine.Run(["export", "--checkpoint", source, "--output", Output, .. more]);

    private string Copy(string name, params string[] files)
    {
        var target = Directory.CreateDirectory(_folder.At("source")).FullName;
        foreach (var file in files)
        {
            File.WriteAllBytes(
                Path.Combine(target, file), File.ReadAllBytes(Path.Combine(KnownCheckpoints.Folder(name), file)));
        }

        return target;
    }

    private string WithConfig(Action<JsonObject> change)
    {
        var source = Copy("stories-draft", "config.json", "model.safetensors");
        var path = Path.Combine(source, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(config);
        File.WriteAllText(path, config.ToJsonString());
        return source;
    }

    // One line, exit code 1, and nothing left: neither the output nor a half-made folder beside it.
    private void AssertRefused(string message, (int ExitCode, string Output, string Error) result)
    {
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Trim().Split('\n'));
        Assert.DoesNotContain(
            Directory.GetFileSystemEntries(_folder.Path), path => Path.GetFileName(path).StartsWith("out"));
    }
}
