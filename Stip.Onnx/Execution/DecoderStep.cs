using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Execution;

/// <summary>Tensors of a step of so many rows, bound once and used again for every step of that size.</summary>
internal sealed class DecoderStep : IDisposable
{
    private readonly OrtIoBinding _binding;
    private readonly Dictionary<string, OrtValue> _inputs = [];
    private readonly OrtValue _logits;
    private readonly GraphPort _embeds;
    private readonly GraphPort _head;
    private readonly float[] _logitValues;

    /// <param name="session">A decoder graph.</param>
    /// <param name="cache">Its cache.</param>
    /// <param name="rows">Rows of the step.</param>
    /// <param name="allRows">True for logits of every row, false for those of the last one.</param>
    public DecoderStep(InferenceSession session, KeyValueCache cache, int rows, bool allRows)
    {
        Rows = rows;
        var wanted = allRows ? rows : 1;
        _embeds = OrtTensors.Describe(DecoderPorts.Embeds, session.InputMetadata[DecoderPorts.Embeds]);
        _head = OrtTensors.Describe(DecoderPorts.Logits, session.OutputMetadata[DecoderPorts.Logits]);
        _binding = session.CreateIoBinding();
        cache.BindTo(_binding);
        Bind(DecoderPorts.Embeds, OrtTensors.Allocate(_embeds.Dtype, 1, rows, _embeds.Shape[2]));
        Bind(DecoderPorts.Lengths, OrtTensors.Allocate(TensorDtype.Int32, 1));
        Bind(DecoderPorts.TotalLength, OrtTensors.Allocate(TensorDtype.Int32));
        var firstWanted = (long)(rows - wanted);
        Bind(DecoderPorts.Rows, OrtTensors.FromHost(HostTensor.FromIntegers(
            [.. Enumerable.Range(0, wanted).Select(row => firstWanted + row)], wanted)));
        if (session.InputMetadata.ContainsKey(DecoderPorts.Positions))
        {
            Bind(DecoderPorts.Positions, OrtTensors.Allocate(TensorDtype.Int64, 1, rows));
        }

        _logits = OrtTensors.Allocate(_head.Dtype, wanted, _head.Shape[1]);
        _logitValues = _head.Dtype == TensorDtype.Float32 ? [] : new float[wanted * _head.Shape[1]];
        _binding.BindOutput(DecoderPorts.Logits, _logits);
    }

    public int Rows { get; }

    /// <summary>Runs the step on top of <paramref name="cachedTokens"/> positions.</summary>
    /// <returns>Logits <c>[wanted, vocab]</c>, good until the next step.</returns>
    public ReadOnlySpan<float> Run(
        InferenceSession session, RunOptions options, ReadOnlySpan<float> embeddings, int cachedTokens)
    {
        var total = cachedTokens + Rows;
        TensorConversion.FromFloat32(embeddings, _embeds.Dtype, _inputs[DecoderPorts.Embeds].GetTensorMutableRawData());
        _inputs[DecoderPorts.Lengths].GetTensorMutableDataAsSpan<int>()[0] = total - 1;
        _inputs[DecoderPorts.TotalLength].GetTensorMutableDataAsSpan<int>()[0] = total;
        if (_inputs.TryGetValue(DecoderPorts.Positions, out var positions))
        {
            var values = positions.GetTensorMutableDataAsSpan<long>();
            for (var row = 0; row < values.Length; row++)
            {
                values[row] = cachedTokens + row;
            }
        }

        session.RunWithBinding(options, _binding);
        if (_head.Dtype == TensorDtype.Float32)
        {
            return MemoryMarshal.Cast<byte, float>(_logits.GetTensorMutableRawData());
        }

        TensorConversion.ToFloat32(_head.Dtype, _logits.GetTensorMutableRawData(), _logitValues);
        return _logitValues;
    }

    public void Dispose()
    {
        _binding.Dispose();
        _logits.Dispose();
        foreach (var value in _inputs.Values)
        {
            value.Dispose();
        }
    }

    private void Bind(string name, OrtValue value)
    {
        _inputs.Add(name, value);
        _binding.BindInput(name, value);
    }
}
