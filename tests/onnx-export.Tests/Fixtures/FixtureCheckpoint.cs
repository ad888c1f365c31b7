using System.Numerics.Tensors;
using Stip.Onnx.Execution;
using Stip.TestKit;

namespace Stip.Export.Tests.Fixtures;

/// <summary>One checkpoint of the fixtures with its golden cases.</summary>
internal sealed class FixtureCheckpoint(string root, string name)
{
    private const string Embeddings = "embeddings";
    private const string Logits = "logits";
    private const string States = "last_hidden_state";
    private const string Mask = "attention_mask";

    /// <summary>The folder or the GGUF file.</summary>
    public string Source { get; } = Path.Combine(root, "checkpoints", name);

    /// <summary>Names of all checkpoints below a folder of fixtures.</summary>
    public static IEnumerable<string> Names(string root)
    {
        var folder = Path.Combine(root, "checkpoints");
        return Directory.GetDirectories(folder)
            .SelectMany(path => Directory.GetFiles(path, "*.gguf") is { Length: > 0 } files ? files : [path])
            .Select(path => Path.GetRelativePath(folder, path)).Order(StringComparer.Ordinal);
    }

    /// <summary>Inputs and golden outputs of every case.</summary>
    public IEnumerable<(Dictionary<string, HostTensor> Inputs, Dictionary<string, float[]> Outputs)> Cases()
    {
        var cases = EncoderCase.LoadFile(File.Exists(Source)
            ? ReferenceCase.GoldenOf(Source)
            : Path.Combine(Source, "golden.safetensors"));
        var vectors = cases.FirstOrDefault(reference => reference.Tensors.ContainsKey(Embeddings))?.Tensors[Embeddings];
        foreach (var (index, reference) in cases.Where(reference => reference.Inputs.Any()).Index())
        {
            var inputs = reference.Inputs.ToDictionary(input => input.Key, input => Tensor(input.Value));
            var outputs = reference.Tensors.Where(tensor => tensor.Key is Logits or States)
                .ToDictionary(tensor => tensor.Key, tensor => Counted(tensor.Key, inputs, tensor.Value.ToFloats()));
            if (vectors is not null)
            {
                outputs[Embeddings] = vectors.ToFloats().Chunk((int)vectors.Shape[1]).ElementAt(index);
            }

            if (outputs.Count > 0)
            {
                yield return (inputs, outputs);
            }
        }
    }

    /// <summary>What of a model's outputs stands against a golden one; null where its head gives none (states behind a
    /// classifier).</summary>
    public static float[]? Pick(
        string name, Dictionary<string, HostTensor> inputs, Dictionary<string, HostTensor> outputs) =>
        name == Embeddings ? Pooled(outputs[States])
        : outputs.TryGetValue(name, out var output) ? Counted(name, inputs, output.ToFloats())
        : null;

    // A word for every token, padding included, says nothing where there is no token.
    private static float[] Counted(string name, Dictionary<string, HostTensor> inputs, float[] values)
    {
        if (name != Logits || !inputs.TryGetValue(Mask, out var mask) || mask.ToIntegers() is var tokens
            && tokens.All(token => token != 0))
        {
            return values;
        }

        return values.Length % tokens.Length != 0 ? values
            : [.. values.Chunk(values.Length / tokens.Length).Zip(tokens)
                .Where(row => row.Second != 0).SelectMany(row => row.First)];
    }

    // The mean of one text's rows, of length 1, as the client makes it.
    private static float[] Pooled(HostTensor states)
    {
        var sum = new float[states.Shape[^1]];
        foreach (var row in states.ToFloats().Chunk(sum.Length))
        {
            TensorPrimitives.Add(sum, row, sum);
        }

        TensorPrimitives.Divide(sum, TensorPrimitives.Norm<float>(sum), sum);
        return sum;
    }

    private static HostTensor Tensor(EncoderCase.Tensor tensor) => new(
        tensor.Dtype, tensor.Shape.Count == 1 ? [1, .. tensor.Shape] : tensor.Shape, tensor.Bytes);
}
