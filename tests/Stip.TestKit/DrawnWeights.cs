using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using Stip.Protocol.Tensors;

namespace Stip.TestKit;

/// <summary>
/// Weights drawn from the names of tensors, so that a golden file needs to hold outputs only: FNV-1a of the name, then
/// SplitMix64, of which 24 bits make a number of -1..1. Whatever made the golden file drew the same.
/// </summary>
public static class DrawnWeights
{
    /// <summary>The elements of a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="recipe">Scale, centre, and then the lengths of its axes.</param>
    public static (long[] Shape, float[] Values) Draw(string name, JsonNode recipe)
    {
        var numbers = recipe.AsArray();
        long[] shape = [.. numbers.Skip(2).Select(axis => (long)axis!)];
        return (shape, Draw(name, shape, (float)numbers[0]!, (float)numbers[1]!));
    }

    /// <summary>The elements of a tensor.</summary>
    public static float[] Draw(string name, IEnumerable<long> shape, float scale, float centre)
    {
        var values = new float[shape.Aggregate(1L, (product, length) => product * length)];
        var seed = Encoding.UTF8.GetBytes(name).Aggregate(
            0xcbf29ce484222325, (hash, part) => unchecked((hash ^ part) * 0x100000001b3));
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = Uniform(unchecked(seed + ((ulong)i + 1) * 0x9E3779B97F4A7C15)) * scale + centre;
        }

        return values;
    }

    /// <summary>Writes a checkpoint: config.json, and all its tensors in float32.</summary>
    /// <param name="folder">An empty folder.</param>
    /// <param name="config">The config.json.</param>
    /// <param name="tensors">Recipes by name.</param>
    /// <param name="rename">What a tensor is called in the file, null for its name.</param>
    public static void WriteCheckpoint(
        string folder, JsonNode config, JsonObject tensors, Func<string, string>? rename = null)
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        using var stream = File.Create(Path.Combine(folder, "model.safetensors"));
        SafetensorsWriter.Write(stream, [.. tensors.Select(tensor =>
        {
            var (shape, values) = Draw(tensor.Key, tensor.Value!);
            return new SafetensorsWriter.Source(
                rename?.Invoke(tensor.Key) ?? tensor.Key,
                TensorDtype.Float32,
                shape,
                target => target.Write(MemoryMarshal.AsBytes(values.AsSpan())));
        })]);
    }

    private static float Uniform(ulong state)
    {
        state = unchecked((state ^ state >> 30) * 0xBF58476D1CE4E5B9);
        state = unchecked((state ^ state >> 27) * 0x94D049BB133111EB);
        return ((state ^ state >> 31) >> 40) * (1f / (1 << 23)) - 1;
    }
}
