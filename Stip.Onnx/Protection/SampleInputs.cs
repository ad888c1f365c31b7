using System.Text.Json;
using Stip.Keys.Bundles;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection.Cut;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection;

/// <summary>Random inputs of an exported model without a cache: texts of several lengths, or images.</summary>
internal sealed class SampleInputs(ExportManifest manifest, EmbeddingTables? tables, Random random)
{
    private const int MostSequences = 3;
    private const int MostTokens = 24;

    /// <summary>What users would give, by the plain names.</summary>
    public Dictionary<string, HostTensor> Next()
    {
        var (batch, length) = (random.Next(1, MostSequences + 1),
            random.Next(2, Math.Max(3, Math.Min(MostTokens, manifest.ContextLength) + 1)));
        var inputs = new Dictionary<string, HostTensor>(StringComparer.Ordinal);
        if (manifest.Embedding.Tensors.Count > 0)
        {
            AddText(inputs, batch, length);
        }

        foreach (var input in (manifest.ClientGraphs ?? new Dictionary<string, ClientGraphManifest>())
            .SelectMany(graph => graph.Value.Inputs)
            .Where(input => input.Name != ClientLayers.Rows && !inputs.ContainsKey(input.Name)))
        {
            inputs[input.Name] = Any(input, batch, length);
        }

        return inputs;
    }

    private void AddText(Dictionary<string, HostTensor> inputs, int batch, int length)
    {
        inputs["input_ids"] = Integers(batch, length, _ => random.Next(manifest.VocabSize));

        // Texts of a batch have lengths of their own; the first fills its row.
        int[] lengths = [.. Enumerable.Range(0, batch).Select(row => row == 0 ? length : random.Next(1, length + 1))];
        inputs["attention_mask"] = Integers(batch, length, cell => cell % length < lengths[cell / length] ? 1 : 0);
        if (tables is { TokenTypeCount: > 0 and var types })
        {
            inputs["token_type_ids"] = Integers(batch, length, _ => random.Next(types));
        }

        if (tables is { BoxPlaceCount: > 0 and var places })
        {
            var boxes = Enumerable.Range(0, batch * length).SelectMany(_ => Box(places));
            inputs["bbox"] = HostTensor.FromIntegers([.. boxes], batch, length, 4);
        }
    }

    // From a corner to one that is not before it.
    private long[] Box(int places)
    {
        var (left, upper) = (random.Next(places), random.Next(places));
        return [left, upper, random.Next(left, places), random.Next(upper, places)];
    }

    private HostTensor Any(ClientTensorManifest input, int batch, int length)
    {
        long[] shape = [.. input.Shape.Select(axis => axis.ValueKind == JsonValueKind.Number ? axis.GetInt64()
            : axis.GetString()?.Contains("batch", StringComparison.Ordinal) == true ? batch : length)];
        var count = shape.Aggregate(1L, (product, axis) => product * axis);
        return TensorDtypes.TryParseWire(input.Dtype, out var dtype) && dtype.IsWireFloat()
            ? HostTensor.FromFloats([.. Enumerable.Range(0, (int)count).Select(_ => Normal())], shape)
            : HostTensor.FromIntegers(
                [.. Enumerable.Range(0, (int)count).Select(_ => (long)random.Next(Math.Max(2, manifest.VocabSize)))],
                shape);
    }

    private float Normal() => (float)(
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));

    private static HostTensor Integers(int batch, int length, Func<int, long> value) => HostTensor.FromIntegers(
        [.. Enumerable.Range(0, batch * length).Select(value)], batch, length);
}
