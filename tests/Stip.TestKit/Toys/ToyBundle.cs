using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Stip.Protocol.Tensors;

namespace Stip.TestKit.Toys;

/// <summary>Writes the bundle of a <see cref="ToyModel"/>.</summary>
public static class ToyBundle
{
    /// <summary>Fingerprint that bundle and server agree on.</summary>
    public const string Fingerprint = "00000000000000000000000000000000000000000000000000000000000000aa";

    /// <summary>Writes bundle.json and the tensors; <paramref name="change"/> may spoil the manifest.</summary>
    public static void Write(string folder, ToyModel model, Action<JsonObject>? change = null)
    {
        Directory.CreateDirectory(folder);
        var manifest = Manifest(model);
        change?.Invoke(manifest);
        File.WriteAllText(Path.Combine(folder, "bundle.json"), manifest.ToJsonString());
        WriteTensor(
            Path.Combine(folder, "embedding.safetensors"), "token_embedding", TensorDtype.Float32,
            [model.VocabSize, model.HiddenSize],
            [.. Enumerable.Range(0, model.VocabSize).SelectMany(token => ToyModel.Bytes(model.Row(token)))]);
        WriteTensor(
            Path.Combine(folder, "output.safetensors"), "vocab_permutation", TensorDtype.Int32, [model.VocabSize],
            MemoryMarshal.AsBytes<int>(model.Permutation).ToArray());
    }

    /// <summary>Writes a file of one tensor.</summary>
    public static void WriteTensor(string path, string name, TensorDtype dtype, long[] shape, byte[] bytes) =>
        File.WriteAllBytes(
            path, SafetensorsWriter.ToBytes([SafetensorsWriter.Source.FromBytes(name, dtype, shape, bytes)]));

    private static JsonObject Manifest(ToyModel model) => new()
    {
        ["protocol"] = "stip/1",
        ["model"] = "toy",
        ["instance"] = "instance-1",
        ["key_epoch"] = 1,
        ["mode"] = "permutation",
        ["fingerprint"] = Fingerprint,
        ["kind"] = "decoder",
        ["hidden_size"] = model.HiddenSize,
        ["vocab_size"] = model.VocabSize,
        ["context_length"] = 256,
        ["wire_dtype"] = "float32",
        ["bos_token_id"] = 0,
        ["eos_token_ids"] = new JsonArray(0),
        ["embedding"] = new JsonObject { ["tensors"] = new JsonArray("token_embedding"), ["scale"] = 1 },
    };
}
