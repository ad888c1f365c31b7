using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Export.Tests.Architectures;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Gguf;

namespace Stip.Export.Tests.Checkpoints.Gguf;

/// <summary>
/// Small files of every family against the logits that llama.cpp gives for them (float32 cache, no flash attention).
/// The weights are drawn from the names of tensors; families.json says which tensors and metadata a file has.
/// </summary>
public sealed class GgufFamilyTests(ExportedModels models) : IDisposable
{
    private const float LargestShare = 2e-6f;

    // llama.cpp looks GELU up in a table of half-precision numbers.
    private const float LargestRoundedShare = 5e-4f;

    private static readonly string Data = RepositoryRoot.At("tests", "data", "gguf-families");
    private static readonly JsonArray Families =
        JsonSerializer.Deserialize<JsonArray>(File.ReadAllBytes(Path.Combine(Data, "families.json")))!;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names => [.. Families.Select(family => $"{family!["name"]}")];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Logits_OfAFamily_EqualThoseOfLlamaCpp(string name)
    {
        var family = Families.First(family => $"{family!["name"]}" == name)!.AsObject();
        using var golden = SafetensorsFile.Open(Path.Combine(Data, "golden.safetensors"));
        var ids = MemoryMarshal.Cast<byte, long>(golden.Bytes("input_ids")).ToArray();
        var rows = MemoryMarshal.Cast<byte, long>(golden.Bytes("rows")).ToArray();
        var expected = MemoryMarshal.Cast<byte, float>(golden.Bytes(name)).ToArray();
        Write(family, _folder.At("a.gguf"));
        using var model = new PlainModel(
            await models.ExportAsync(_folder.At("a.gguf"), TensorDtype.Float32), ids.Length);

        var all = model.Append(ids, allRows: true).Chunk(expected.Length / rows.Length).ToList();

        float[] logits = [.. rows.SelectMany(row => all[(int)row])];
        var largest = expected.Max(MathF.Abs);
        var allowed = (bool)family["rounds"]! ? LargestRoundedShare : LargestShare;
        Assert.InRange(ReferenceTests.Largest(logits, expected) / largest, 0, allowed);
    }

    [Fact]
    public async Task Export_OfAFileWithMoreThanItsFamilyHas_IsRefusedByName()
    {
        var family = Families.First(family => $"{family!["name"]}" == "llama")!.AsObject();
        Write(family, _folder.At("a.gguf"), "blk.0.attn_sinks.weight");

        var refused = await Assert.ThrowsAsync<Onnx.RefusedException>(
            () => models.ExportAsync(_folder.At("a.gguf"), TensorDtype.Float32));

        Assert.Contains("have no place in a 'llama' model", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'blk.0.attn_sinks.weight'", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static void Write(JsonObject family, string path, params string[] others)
    {
        var architecture = $"{family["architecture"]}";
        var writer = new GgufWriter().Add("general.architecture", architecture).Add("tokenizer.ggml.model", "none");
        foreach (var (key, value) in family["metadata"]!.AsObject())
        {
            writer.Add($"{architecture}.{key}", Value(value!));
        }

        foreach (var (name, tensor) in family["tensors"]!.AsObject())
        {
            var numbers = tensor!.AsArray();
            Add(writer, name, [.. numbers.Skip(2).Select(axis => (long)axis!)], (float)numbers[0]!, (float)numbers[1]!);
        }

        foreach (var name in others)
        {
            Add(writer, name, [4], 1, 0);
        }

        writer.Save(path);
    }

    private static object Value(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.True or JsonValueKind.False => (object)(bool)value,
        _ when value.ToJsonString().AsSpan().ContainsAny('.', 'e') => (float)value,
        _ => (int)value,
    };

    private static void Add(GgufWriter writer, string name, long[] shape, float scale, float centre) =>
        writer.AddTensor(name, GgufType.Named("F32"), shape, stream =>
        {
            var values = new float[shape.Aggregate(1L, (product, length) => product * length)];
            var seed = Seed(name);
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = Uniform(seed + ((ulong)i + 1) * 0x9E3779B97F4A7C15) * scale + centre;
            }

            stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
        });

    // FNV-1a of the name, then SplitMix64: what the tool that made the logits drew from.
    private static ulong Seed(string name) => Encoding.UTF8.GetBytes(name).Aggregate(
        0xcbf29ce484222325, (hash, part) => unchecked((hash ^ part) * 0x100000001b3));

    private static float Uniform(ulong state)
    {
        state = unchecked((state ^ state >> 30) * 0xBF58476D1CE4E5B9);
        state = unchecked((state ^ state >> 27) * 0x94D049BB133111EB);
        return ((state ^ state >> 31) >> 40) * (1f / (1 << 23)) - 1;
    }
}
