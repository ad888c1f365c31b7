using Microsoft.ML.OnnxRuntime;

namespace Stip.EndToEnd.Tests.Fixtures;

/// <summary>Greedy text by bare ONNX Runtime over a plain graph with a growing cache, token by token, without any code
/// of ours.</summary>
/// <param name="path">The graph.</param>
/// <param name="headSize">Width of a head, where the graph has no more than a name for it.</param>
internal sealed class BareDecoder(string path, int headSize = 16) : IDisposable
{
    private const string Past = "past";
    private readonly RunOptions _options = new();
    private readonly InferenceSession _session = new(path);

    /// <summary>The likeliest tokens after a prompt.</summary>
    public int[] Greedy(int[] prompt, int count)
    {
        var values = _session.InputMetadata.Where(port => port.Key.StartsWith(Past, StringComparison.Ordinal))
            .ToDictionary(port => port.Key, port => OrtValue.CreateTensorValueFromMemory(
                Array.Empty<float>(),
                [1, port.Value.Dimensions[1], 0, port.Value.Dimensions[3] is > 0 and var size ? size : headSize]));
        var (ids, cached) = (new List<int>(), 0);
        for (var given = prompt; ids.Count < count; given = [ids[^1]])
        {
            values["input_ids"] = Numbers(given);
            values["attention_mask"] = Numbers([.. Enumerable.Repeat(1, cached + given.Length)]);
            values["position_ids"] = Numbers([.. Enumerable.Range(cached, given.Length)]);
            cached += given.Length;
            string[] names = [.. _session.InputMetadata.Keys];
            var results = _session.Run(
                _options, names, [.. names.Select(name => values[name])], _session.OutputNames);
            var logits = results[_session.OutputNames.ToList().IndexOf("logits")];
            var row = logits.GetTensorDataAsSpan<float>()[^(int)logits.GetTensorTypeAndShape().Shape[^1]..].ToArray();
            ids.Add(Array.IndexOf(row, row.Max()));
            foreach (var (name, value) in _session.OutputNames.Zip(results))
            {
                values[PastOf(name)] = value;
            }
        }

        return [.. ids];
    }

    public void Dispose()
    {
        _options.Dispose();
        _session.Dispose();
    }

    // present.0.key, or present_key_0
    private string PastOf(string name) => _session.InputMetadata.Keys.FirstOrDefault(input =>
        input == name.Replace("present", "past_key_values", StringComparison.Ordinal)
        || input == name.Replace("present", Past, StringComparison.Ordinal)) ?? name;

    private static OrtValue Numbers(int[] numbers) => OrtValue.CreateTensorValueFromMemory(
        Array.ConvertAll(numbers, number => (long)number), [1, numbers.Length]);
}
