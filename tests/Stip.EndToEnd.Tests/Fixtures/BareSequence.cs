using Microsoft.ML.OnnxRuntime;

namespace Stip.EndToEnd.Tests.Fixtures;

/// <summary>Greedy answers by bare ONNX Runtime over the plain graphs of a folder, without any code of ours.</summary>
internal sealed class BareSequence(string folder) : IDisposable
{
    private readonly RunOptions _options = new();
    private readonly InferenceSession _encoder = new(Path.Combine(folder, "encoder_model.onnx"));
    private readonly InferenceSession _first = new(Path.Combine(folder, "decoder_model.onnx"));
    private readonly InferenceSession _next = new(Path.Combine(folder, "decoder_with_past_model.onnx"));

    /// <summary>Logits of the last token that was chosen.</summary>
    public float[] LastRow { get; private set; } = [];

    /// <summary>The likeliest tokens after the start tokens.</summary>
    public int[] Greedy(int[] source, int[] start, int count) => Greedy(
        new Dictionary<string, OrtValue>
        {
            ["input_ids"] = Numbers(source),
            ["attention_mask"] = Numbers([.. source.Select(_ => 1)]),
        },
        start,
        count);

    /// <summary>The same about a square image.</summary>
    public int[] Greedy(float[] pixels, int[] start, int count)
    {
        var side = (long)Math.Sqrt(pixels.Length / 3);
        return Greedy(
            new Dictionary<string, OrtValue>
            {
                ["pixel_values"] = OrtValue.CreateTensorValueFromMemory(pixels, [1, 3, side, side]),
            },
            start,
            count);
    }

    /// <summary>The same about a sound, up to the token that ends an answer.</summary>
    /// <param name="name">Of what the encoder takes.</param>
    /// <param name="values">What it takes.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="start">What the decoder begins with.</param>
    /// <param name="count">Most tokens.</param>
    /// <param name="end">Ends an answer, and is no part of it.</param>
    /// <param name="isAllowed">By the tokens before it in the answer and its id.</param>
    public int[] Heard(
        string name, float[] values, long[] shape, int[] start, int count, int end,
        Func<IReadOnlyList<int>, int, bool>? isAllowed = null) => [.. Greedy(
            new Dictionary<string, OrtValue> { [name] = OrtValue.CreateTensorValueFromMemory(values, shape) },
            start, count, isAllowed).TakeWhile(id => id != end)];

    private int[] Greedy(
        Dictionary<string, OrtValue> values,
        int[] start,
        int count,
        Func<IReadOnlyList<int>, int, bool>? isAllowed = null)
    {
        if (values.TryGetValue("attention_mask", out var mask))
        {
            values["encoder_attention_mask"] = mask;
        }

        values["encoder_hidden_states"] = Run(_encoder, values)["last_hidden_state"];
        var ids = new List<int>();
        for (var given = start; ids.Count < count; given = [ids[^1]])
        {
            values["input_ids"] = Numbers(given);
            var outputs = Run(ids.Count == 0 ? _first : _next, values);
            foreach (var (name, value) in outputs.Where(output => output.Key != "logits"))
            {
                values[name.Replace("present", "past_key_values", StringComparison.Ordinal)] = value;
            }

            var logits = outputs["logits"].GetTensorDataAsSpan<float>();
            var row = logits[^(int)outputs["logits"].GetTensorTypeAndShape().Shape[^1]..].ToArray();
            LastRow = row;
            ids.Add(Enumerable.Range(0, row.Length).Where(id => isAllowed?.Invoke(ids, id) != false)
                .MaxBy(id => row[id]));
        }

        return [.. ids];
    }

    public void Dispose()
    {
        _options.Dispose();
        _encoder.Dispose();
        _first.Dispose();
        _next.Dispose();
    }

    private Dictionary<string, OrtValue> Run(InferenceSession session, Dictionary<string, OrtValue> values)
    {
        string[] names = [.. session.InputMetadata.Keys];
        var results = session.Run(_options, names, [.. names.Select(name => values[name])], session.OutputNames);
        return session.OutputNames.Zip(results).ToDictionary(pair => pair.First, pair => pair.Second);
    }

    private static OrtValue Numbers(int[] numbers) => OrtValue.CreateTensorValueFromMemory(
        Array.ConvertAll(numbers, number => (long)number), [1, numbers.Length]);
}
