using Stip.Protocol.Tensors;

namespace Stip.TestKit;

/// <summary>One case of an encoder's golden.safetensors: named tensors in, named tensors out, computed by transformers
/// in float32.</summary>
/// <param name="Tensors">By name, without the case's own name.</param>
public sealed record EncoderCase(IReadOnlyDictionary<string, EncoderCase.Tensor> Tensors)
{
    private static readonly string[] InputNames = ["input_ids", "attention_mask", "token_type_ids", "pixel_values"];

    /// <summary>What goes in.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Inputs =>
        Tensors.Where(tensor => InputNames.Contains(tensor.Key));

    /// <summary>Every case of a checkpoint.</summary>
    public static IReadOnlyList<EncoderCase> Load(string checkpointFolder) =>
        LoadFile(Path.Combine(checkpointFolder, "golden.safetensors"));

    /// <summary>Every case of a golden file.</summary>
    public static IReadOnlyList<EncoderCase> LoadFile(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return [.. file.Header.Entries.Values
            .GroupBy(entry => entry.Name.Split('.')[0])
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new EncoderCase(group.ToDictionary(
                entry => entry.Name[(entry.Name.IndexOf('.', StringComparison.Ordinal) + 1)..],
                entry => new Tensor(entry.Dtype, entry.Shape, file.Bytes(entry.Name).ToArray()))))];
    }

    /// <summary>A tensor of a case.</summary>
    public sealed record Tensor(TensorDtype Dtype, IReadOnlyList<long> Shape, byte[] Bytes)
    {
        /// <summary>The values of a float32 tensor.</summary>
        public float[] ToFloats()
        {
            var values = new float[Bytes.Length / sizeof(float)];
            TensorConversion.ToFloat32(Dtype, Bytes, values);
            return values;
        }
    }
}
