using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Stip.Protocol.Tensors;
using Stip.TestKit.Toys;

namespace Stip.Bench.Scenarios;

/// <summary>A client's bundle of any size: a sparse float16 table in which every third row holds random
/// numbers.</summary>
internal static class ClientBundle
{
    public const string Model = "bench-client";

    public static void Write(string folder, int hiddenSize, int vocabSize, int contextLength)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(
            Path.Combine(folder, "bundle.json"), Manifest(hiddenSize, vocabSize, contextLength).ToJsonString());
        WriteTable(Path.Combine(folder, "embedding.safetensors"), hiddenSize, vocabSize);
        var permutation = Enumerable.Range(0, vocabSize).ToArray();
        ToyBundle.WriteTensor(
            Path.Combine(folder, "output.safetensors"), "vocab_permutation", TensorDtype.Int32, [vocabSize],
            MemoryMarshal.AsBytes<int>(permutation).ToArray());
    }

    private static void WriteTable(string path, int hiddenSize, int vocabSize)
    {
        var rowBytes = hiddenSize * sizeof(ushort);
        var bytes = (long)vocabSize * rowBytes;
        var header = Encoding.ASCII.GetBytes($$$"""
            {"token_embedding":
            {"dtype":"F16","shape":[{{{vocabSize}}},{{{hiddenSize}}}],"data_offsets":[0,{{{bytes}}}]}}
            """);
        using var file = File.Create(path);
        file.Write(BitConverter.GetBytes((long)(header.Length + 7) / 8 * 8));
        file.Write(header);
        file.Write(new byte[(8 - header.Length % 8) % 8].Select(_ => (byte)' ').ToArray());
        var start = file.Position;
        file.SetLength(start + bytes);
        var row = new byte[rowBytes];
        for (var token = 0L; token < vocabSize; token += 3)
        {
            RandomNumberGenerator.Fill(row);
            for (var high = 1; high < rowBytes; high += sizeof(ushort))
            {
                row[high] &= 0xBB; // never an infinity or none at all
            }

            file.Position = start + token * rowBytes;
            file.Write(row);
        }
    }

    private static JsonObject Manifest(int hiddenSize, int vocabSize, int contextLength) => new()
    {
        ["protocol"] = "stip/1",
        ["model"] = Model,
        ["instance"] = "instance-1",
        ["key_epoch"] = 1,
        ["mode"] = "permutation",
        ["fingerprint"] = ToyBundle.Fingerprint,
        ["kind"] = "decoder",
        ["hidden_size"] = hiddenSize,
        ["vocab_size"] = vocabSize,
        ["context_length"] = contextLength,
        ["wire_dtype"] = "float16",
        ["bos_token_id"] = 0,
        ["eos_token_ids"] = new JsonArray(0),
        ["embedding"] = new JsonObject { ["tensors"] = new JsonArray("token_embedding"), ["scale"] = 1 },
    };
}
