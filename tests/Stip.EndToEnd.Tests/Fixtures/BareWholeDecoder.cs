using Microsoft.ML.OnnxRuntime;

namespace Stip.EndToEnd.Tests.Fixtures;

/// <summary>Greedy text by bare ONNX Runtime over a plain graph without a cache, the whole text for each token, without
/// any code of ours.</summary>
/// <param name="path">The graph.</param>
internal sealed class BareWholeDecoder(string path) : IDisposable
{
    private readonly RunOptions _options = new();
    private readonly InferenceSession _session = new(path);

    /// <summary>The likeliest tokens after a prompt.</summary>
    public int[] Greedy(int[] prompt, int count)
    {
        var ids = new List<int>(prompt);
        while (ids.Count < prompt.Length + count)
        {
            var row = Logits([.. ids]);
            ids.Add(Array.IndexOf(row, row.Max()));
        }

        return [.. ids.Skip(prompt.Length)];
    }

    /// <summary>Logits after the last token.</summary>
    public float[] Logits(int[] ids)
    {
        var given = new Dictionary<string, OrtValue>
        {
            ["input_ids"] = Numbers(ids),
            ["attention_mask"] = Numbers([.. Enumerable.Repeat(1, ids.Length)]),
            ["position_ids"] = Numbers([.. Enumerable.Range(0, ids.Length)]),
        };
        string[] names = [.. _session.InputMetadata.Keys];
        using var results = _session.Run(_options, names, [.. names.Select(name => given[name])], ["logits"]);
        return results[0].GetTensorDataAsSpan<float>()[^ForeignDecoder.Vocabulary..].ToArray();
    }

    public void Dispose()
    {
        _options.Dispose();
        _session.Dispose();
    }

    private static OrtValue Numbers(int[] numbers) => OrtValue.CreateTensorValueFromMemory(
        Array.ConvertAll(numbers, number => (long)number), [1, numbers.Length]);
}
