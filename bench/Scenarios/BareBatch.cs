using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Stip.Onnx.Execution;

namespace Stip.Bench.Scenarios;

/// <summary>
/// What serving is measured against: one loop that decodes a batch of sequences of equal length, inputs, outputs and
/// caches bound once.
/// </summary>
internal sealed class BareBatch : IDisposable
{
    private readonly InferenceSession _session;
    private readonly OrtIoBinding _binding;
    private readonly RunOptions _options = new();
    private readonly List<OrtValue> _values = [];
    private readonly OrtValue _lengths; // int32 [batch]
    private readonly OrtValue _total; // int32 []
    private readonly OrtValue? _positions; // int64 [batch, 1]

    public BareBatch(string path, int batch, int maxLength)
    {
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        _session = new InferenceSession(path, options);
        _binding = _session.CreateIoBinding();
        var hidden = _session.InputMetadata["inputs_embeds"].Dimensions[2];
        var rows = Bind("inputs_embeds", TensorElementType.Float, batch, 1, hidden);
        Fill(rows.GetTensorMutableDataAsSpan<float>());
        _lengths = Bind("seqlens_k", TensorElementType.Int32, batch);
        _total = Bind("total_sequence_length", TensorElementType.Int32);
        var wanted = Bind("logits_rows", TensorElementType.Int64, batch).GetTensorMutableDataAsSpan<long>();
        for (var i = 0; i < batch; i++)
        {
            wanted[i] = i;
        }

        _positions = _session.InputMetadata.ContainsKey("position_ids")
            ? Bind("position_ids", TensorElementType.Int64, batch, 1)
            : null;
        var windows = BoundedCaches.Read(path);
        foreach (var (name, metadata) in _session.InputMetadata.Where(
            pair => pair.Key.StartsWith("past_key_values", StringComparison.Ordinal)))
        {
            var axes = metadata.Dimensions;
            // A bounded cache has room for its window, however short the sequences are.
            var room = Math.Max(maxLength, windows.GetValueOrDefault(name));
            var cache = Bind(name, TensorElementType.Float, batch, axes[1], room, axes[3]);
            _binding.BindOutput(name.Replace("past_key_values", "present", StringComparison.Ordinal), cache);
        }

        var logits = Allocate(TensorElementType.Float, batch, _session.OutputMetadata["logits"].Dimensions[1]);
        _binding.BindOutput("logits", logits);
        Batch = batch;
    }

    public int Batch { get; }

    /// <summary>Tokens a second, all sequences together.</summary>
    public double Decode(int promptTokens, int tokens)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < tokens; i++)
        {
            _lengths.GetTensorMutableDataAsSpan<int>().Fill(promptTokens + i);
            _total.GetTensorMutableDataAsSpan<int>()[0] = promptTokens + i + 1;
            _positions?.GetTensorMutableDataAsSpan<long>().Fill(promptTokens + i);
            _session.RunWithBinding(_options, _binding);
        }

        return (double)Batch * tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        _binding.Dispose();
        _values.ForEach(value => value.Dispose());
        _options.Dispose();
        _session.Dispose();
    }

    private OrtValue Bind(string name, TensorElementType type, params long[] shape)
    {
        var value = Allocate(type, shape);
        _binding.BindInput(name, value);
        return value;
    }

    private OrtValue Allocate(TensorElementType type, params long[] shape)
    {
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, type, shape);
        value.GetTensorMutableRawData().Clear();
        _values.Add(value);
        return value;
    }

    private static void Fill(Span<float> rows)
    {
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = (i * 37 % 101 - 50) / 500f;
        }
    }
}
