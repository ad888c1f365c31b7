using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Onnx.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints;

/// <summary>Heads that config.json says are the token table, where a checkpoint stores another, or where an adapter
/// changes one of the two.</summary>
public sealed class TiedHeadTests(ExportedModels models) : IDisposable
{
    private const string Table = "model.embed_tokens";
    private const string Head = "lm_head";
    private const int Vocab = 160;
    private const int Hidden = 64;
    private const int Rank = 3;

    private static readonly float[] Changed = Waves(Vocab * Hidden, 0.1f);

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Export_OfATiedFlagBesideAnotherHead_TakesTheHeadThatIsStored()
    {
        var expected = await ExportAsync(isTied: false, head: Changed);

        var actual = await ExportAsync(isTied: true, head: Changed);

        AssertSame(expected, actual);
        Assert.False(ExportFolder.ReadManifest(actual).TiedEmbeddings);
    }

    [Fact]
    public async Task Export_OfATiedFlagBesideACopyOfTheTable_StaysTied() =>
        Assert.True(ExportFolder.ReadManifest(await ExportAsync(isTied: true, head: StoredTable())).TiedEmbeddings);

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // whether or not a copy of the table is stored
    public async Task Export_WithATableSavedWhole_LeavesTheTiedHead(bool storesCopy)
    {
        var expected = await ExportAsync(isTied: false, table: Changed, head: StoredTable());

        var actual = await ExportAsync(
            isTied: true,
            head: storesCopy ? StoredTable() : null,
            adapter: Adapter(new { }, (Table, ".weight", [Vocab, Hidden], Changed)));

        AssertSame(expected, actual);
    }

    [Fact]
    public async Task Export_WithTableAndHeadSavedWhole_TakesBoth()
    {
        var head = Waves(Vocab * Hidden, 0.3f);
        var expected = await ExportAsync(isTied: false, table: Changed, head: head);

        var actual = await ExportAsync(isTied: true, adapter: Adapter(
            new { }, (Table, ".weight", [Vocab, Hidden], Changed), (Head, ".weight", [Vocab, Hidden], head)));

        AssertSame(expected, actual);
    }

    [Fact]
    public async Task Export_WithAnAdaptedTable_LeavesTheTiedHead()
    {
        var (a, b) = (Waves(Rank * Vocab, 0.2f), Waves(Hidden * Rank, 0.4f));
        var expected = await ExportAsync(
            isTied: false, table: Merged(StoredTable(), b, a, Hidden), head: StoredTable());

        // PEFT stores the table below the change too.
        var actual = await ExportAsync(isTied: true, adapter: Adapter(
            new { },
            (Table, ".base_layer.weight", [Vocab, Hidden], StoredTable()),
            (Table, ".lora_embedding_A", [Rank, Vocab], a),
            (Table, ".lora_embedding_B", [Hidden, Rank], b)));

        AssertNear(expected, actual);
    }

    [Fact]
    public async Task Export_WithAnAdaptedHead_LeavesTheTable()
    {
        var (a, b) = (Waves(Rank * Hidden, 0.2f), Waves(Vocab * Rank, 0.4f));
        var expected = await ExportAsync(isTied: false, head: Merged(StoredTable(), a, b, Hidden, isTurned: false));

        var actual = await ExportAsync(isTied: true, adapter: Adapter(
            new { }, (Head, ".lora_A.weight", [Rank, Hidden], a), (Head, ".lora_B.weight", [Vocab, Rank], b)));

        AssertNear(expected, actual);
    }

    [Fact]
    public async Task Export_WithAnAdapterThatKeepsThemTied_ChangesBoth()
    {
        var expected = await ExportAsync(isTied: true, table: Changed);

        var actual = await ExportAsync(isTied: true, adapter: Adapter(
            new { ensure_weight_tying = true },
            (Table, ".weight", [Vocab, Hidden], Changed),
            (Head, ".weight", [Vocab, Hidden], Changed)));

        AssertSame(expected, actual);
        Assert.True(ExportFolder.ReadManifest(actual).TiedEmbeddings);
    }

    public void Dispose() => _folder.Dispose();

    private static void AssertSame(string expected, string actual)
    {
        foreach (var file in new[] { "model.onnx", "model.onnx.data" })
        {
            Assert.Equal(
                File.ReadAllBytes(Path.Combine(expected, file)), File.ReadAllBytes(Path.Combine(actual, file)));
        }

        Assert.Equal(Embedding(expected), Embedding(actual));
    }

    // The hand merges in double; the stream in float32.
    private static void AssertNear(string expected, string actual)
    {
        foreach (var of in new[] { Embedding, Weights })
        {
            var (wanted, given) = (of(expected), of(actual));
            Assert.Equal(wanted.Length, given.Length);
            Assert.All(wanted.Zip(given), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
        }
    }

    private static float[] Weights(string folder) =>
        MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(folder, "model.onnx.data"))).ToArray();

    private static float[] Embedding(string folder)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, "embedding.safetensors"));
        return Floats(file, "token_embedding");
    }

    private static float[] StoredTable()
    {
        using var file = SafetensorsFile.Open(
            Path.Combine(KnownCheckpoints.Folder("tiny-llama2-7b"), "model.safetensors"));
        return Floats(file, $"{Table}.weight");
    }

    private static float[] Floats(SafetensorsFile file, string name)
    {
        var dtype = file.Header.Entries[name].Dtype;
        var values = new float[file.Bytes(name).Length / dtype.ByteSize()];
        TensorConversion.ToFloat32(dtype, file.Bytes(name), values);
        return values;
    }

    private static float[] Waves(int count, float frequency) =>
        [.. Enumerable.Range(0, count).Select(i => 0.5f * MathF.Sin(frequency * i))];

    // Row · column for each cell: A and B of a matrix, B and A of a table, which is looked up by row.
    private static float[] Merged(float[] values, float[] first, float[] second, int width, bool isTurned = true) =>
        [.. values.Select((value, cell) =>
        {
            var (row, column) = Math.DivRem(cell, width);
            var change = Enumerable.Range(0, Rank).Sum(rank => isTurned
                ? (double)first[column * Rank + rank] * second[rank * (values.Length / width) + row]
                : (double)first[rank * width + column] * second[row * Rank + rank]);
            return (float)(value + 2 * change);
        })];

    private async Task<string> ExportAsync(
        bool isTied, float[]? table = null, float[]? head = null, string? adapter = null)
    {
        var source = KnownCheckpoints.Folder("tiny-llama2-7b");
        var folder = Directory.CreateDirectory(_folder.At(Guid.NewGuid().ToString("N"))).FullName;
        var config = JsonNode.Parse(await File.ReadAllTextAsync(
            Path.Combine(source, "config.json"), TestContext.Current.CancellationToken))!;
        config["tie_word_embeddings"] = isTied;
        await File.WriteAllTextAsync(
            Path.Combine(folder, "config.json"), config.ToJsonString(), TestContext.Current.CancellationToken);
        using (var file = SafetensorsFile.Open(Path.Combine(source, "model.safetensors")))
        {
            var tensors = file.Header.Entries.Values.ToDictionary(
                entry => entry.Name, entry => (entry.Shape.ToArray(), Floats(file, entry.Name)));
            tensors.Remove($"{Head}.weight");
            tensors[$"{Table}.weight"] = ([Vocab, Hidden], table ?? StoredTable());
            if (head is not null)
            {
                tensors[$"{Head}.weight"] = ([Vocab, Hidden], head);
            }

            Write(Path.Combine(folder, "model.safetensors"), tensors);
        }

        return await models.ExportAsync(folder, TensorDtype.Float32, adapters: adapter is null ? [] : [adapter]);
    }

    private string Adapter(
        object fields, params (string Module, string Part, long[] Shape, float[] Values)[] tensors)
    {
        var folder = Directory.CreateDirectory(_folder.At("adapter")).FullName;
        var config = JsonSerializer.SerializeToNode(fields)!.AsObject();
        (config["peft_type"], config["r"], config["lora_alpha"]) = ("LORA", Rank, 2 * Rank);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), config.ToJsonString());
        Write(Path.Combine(folder, "adapter_model.safetensors"), tensors.ToDictionary(
            tensor => $"base_model.model.{tensor.Module}{tensor.Part}", tensor => (tensor.Shape, tensor.Values)));
        return folder;
    }

    private static void Write(string path, Dictionary<string, (long[] Shape, float[] Values)> tensors)
    {
        using var stream = File.Create(path);
        SafetensorsWriter.Write(stream, [.. tensors.Select(tensor => SafetensorsWriter.Source.FromBytes(
            tensor.Key,
            TensorDtype.Float32,
            tensor.Value.Shape,
            MemoryMarshal.AsBytes<float>(tensor.Value.Values).ToArray()))]);
    }
}
