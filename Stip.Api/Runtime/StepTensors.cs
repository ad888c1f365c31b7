using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Stip.Api.Engine;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>Inputs and outputs of steps of one shape, in memory of their own, reused from step to step.</summary>
internal sealed class StepTensors : IDisposable
{
    private readonly List<(NativeBuffer Buffer, OrtValue Value)> _all = [];
    private readonly (NativeBuffer Buffer, OrtValue Value) _rows; // [batch, rows, hidden]
    private readonly (NativeBuffer Buffer, OrtValue Value) _lengths; // int32 [batch]
    private readonly (NativeBuffer Buffer, OrtValue Value) _total; // int32 []
    private readonly (NativeBuffer Buffer, OrtValue Value) _wanted; // int64 [wanted]
    private readonly (NativeBuffer Buffer, OrtValue Value)? _positions; // int64 [batch, rows]
    private readonly (NativeBuffer Buffer, OrtValue Value) _logits; // [wanted, vocab]
    private readonly int _rowCount;

    public StepTensors(DecoderSnapshot decoder, int batch, int rowCount, int wanted, bool withPositions)
    {
        _rowCount = rowCount;
        _rows = Make(decoder.RowsDtype.ToOrt(), decoder.RowsDtype.ByteSize(), batch, rowCount, decoder.HiddenSize);
        _lengths = Make(TensorElementType.Int32, sizeof(int), batch);
        _total = Make(TensorElementType.Int32, sizeof(int));
        _wanted = Make(TensorElementType.Int64, sizeof(long), wanted);
        _positions = withPositions ? Make(TensorElementType.Int64, sizeof(long), batch, rowCount) : null;
        _logits = Make(decoder.LogitsDtype.ToOrt(), decoder.LogitsDtype.ByteSize(), wanted, decoder.VocabSize);
    }

    public ReadOnlySpan<byte> Logits => Bytes(_logits.Buffer);

    public long TotalBytes => _all.Sum(tensor => tensor.Buffer.Bytes);

    public void Bind(OrtIoBinding binding)
    {
        binding.BindInput("inputs_embeds", _rows.Value);
        binding.BindInput("seqlens_k", _lengths.Value);
        binding.BindInput("total_sequence_length", _total.Value);
        binding.BindInput("logits_rows", _wanted.Value);
        if (_positions is { } positions)
        {
            binding.BindInput("position_ids", positions.Value);
        }

        binding.BindOutput("logits", _logits.Value);
    }

    public void Write(ReadOnlySpan<byte> rows, ReadOnlySpan<int> cachedTokens, ReadOnlySpan<long> wanted)
    {
        rows.CopyTo(Bytes(_rows.Buffer));
        wanted.CopyTo(Numbers<long>(_wanted.Buffer));
        var lengths = Numbers<int>(_lengths.Buffer);
        var positions = _positions is { } tensor ? Numbers<long>(tensor.Buffer) : [];
        var longest = 0;
        for (var i = 0; i < cachedTokens.Length; i++)
        {
            lengths[i] = cachedTokens[i] + _rowCount - 1;
            longest = Math.Max(longest, lengths[i] + 1);
            for (var row = 0; row < _rowCount && !positions.IsEmpty; row++)
            {
                positions[i * _rowCount + row] = cachedTokens[i] + row;
            }
        }

        Numbers<int>(_total.Buffer)[0] = longest;
    }

    public void Dispose()
    {
        foreach (var (buffer, value) in _all)
        {
            value.Dispose();
            buffer.Dispose();
        }
    }

    private (NativeBuffer Buffer, OrtValue Value) Make(TensorElementType type, int elementBytes, params long[] shape)
    {
        var bytes = shape.Aggregate((long)elementBytes, (product, axis) => checked(product * axis));
        var buffer = new NativeBuffer(bytes);
        var value = OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, type, shape, buffer.Start, bytes);
        _all.Add((buffer, value));
        return (buffer, value);
    }

    private static Span<T> Numbers<T>(NativeBuffer buffer)
        where T : struct => MemoryMarshal.Cast<byte, T>(Bytes(buffer));

    private static Span<byte> Bytes(NativeBuffer buffer) => buffer.Span(0, checked((int)buffer.Bytes));
}
