using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Stip.Protocol.Tensors;

namespace Stip.Api.Tests.Models;

/// <summary>One source and one sequence over the graphs of a <see cref="TinySequence"/>, its caches carried from run to
/// run.</summary>
internal sealed class BareSequence : IDisposable
{
    private readonly RunOptions _options = new();
    private readonly Dictionary<string, OrtValue> _values = new(StringComparer.Ordinal);
    private readonly InferenceSession _first;
    private readonly InferenceSession _next;
    private bool _hasBegun;

    public BareSequence(string folder, TensorPayload source)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1 };
        using var encoder = new InferenceSession(Path.Combine(folder, "encoder_model.onnx"), options);
        _first = new InferenceSession(Path.Combine(folder, "decoder_model.onnx"), options);
        _next = new InferenceSession(Path.Combine(folder, "decoder_with_past_model.onnx"), options);
        var mask = Enumerable.Repeat(1L, (int)source.Shape[0]).ToArray();
        _values["attention_mask"] = OrtValue.CreateTensorValueFromMemory(mask, [1, mask.Length]);
        _values["encoder_attention_mask"] = _values["attention_mask"];
        _values["inputs_embeds"] = Value(source);
        Run(encoder);
        _values["encoder_hidden_states"] = _values["last_hidden_state"];
    }

    /// <summary>Logits of the last of new rows.</summary>
    public float[] Step(TensorPayload rows)
    {
        _values["inputs_embeds"] = Value(rows);
        Run(_hasBegun ? _next : _first);
        _hasBegun = true;
        return _values["logits"].GetTensorDataAsSpan<float>()[^TinyDecoder.VocabSize..].ToArray();
    }

    public void Dispose()
    {
        _first.Dispose();
        _next.Dispose();
        _options.Dispose();
    }

    private void Run(InferenceSession session)
    {
        string[] names = [.. session.InputMetadata.Keys];
        var results = session.Run(_options, names, [.. names.Select(name => _values[name])], session.OutputNames);
        foreach (var (name, value) in session.OutputNames.Zip(results))
        {
            _values[name.Replace("present", "past_key_values", StringComparison.Ordinal)] = value;
        }
    }

    private static OrtValue Value(TensorPayload rows) => OrtValue.CreateTensorValueFromMemory(
        MemoryMarshal.Cast<byte, float>(rows.Data.Span).ToArray(), [1, .. rows.Shape]);
}
