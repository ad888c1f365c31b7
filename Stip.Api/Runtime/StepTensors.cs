using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Stip.Api.Engine;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>Inputs and outputs of a step with so many rows, in memory of their own, reused from step to step.</summary>
internal sealed class StepTensors : IDisposable
{
    private readonly List<(NativeBuffer Buffer, OrtValue Value)> _all = [];
    private readonly (NativeBuffer Buffer, OrtValue Value) _rows; // [1, rows, hidden]
    private readonly (NativeBuffer Buffer, OrtValue Value) _lengths; // int32 [1]
    private readonly (NativeBuffer Buffer, OrtValue Value) _total; // int32 []
    private readonly (NativeBuffer Buffer, OrtValue Value) _wanted; // int64 [wanted rows]
    private readonly (NativeBuffer Buffer, OrtValue Value)? _positions; // int64 [1, rows]
    private readonly (NativeBuffer Buffer, OrtValue Value) _logits; // [wanted rows, vocab]

    public StepTensors(DecoderSnapshot decoder, int rowCount, bool allRows, bool withPositions)
    {
        RowCount = rowCount;
        AllRows = allRows;
        var wanted = allRows ? rowCount : 1;
        _rows = Make(decoder.RowsDtype.ToOrt(), decoder.RowsDtype.ByteSize(), 1, rowCount, decoder.HiddenSize);
        _lengths = Make(TensorElementType.Int32, sizeof(int), 1);
        _total = Make(TensorElementType.Int32, sizeof(int));
        _wanted = Make(TensorElementType.Int64, sizeof(long), wanted);
        _positions = withPositions ? Make(TensorElementType.Int64, sizeof(long), 1, rowCount) : null;
        _logits = Make(decoder.LogitsDtype.ToOrt(), decoder.LogitsDtype.ByteSize(), wanted, decoder.VocabSize);
        Fill(_wanted.Buffer, allRows ? 0 : rowCount - 1);
    }

    public int RowCount { get; }

    public bool AllRows { get; }

    public ReadOnlySpan<byte> Logits => Bytes(_logits.Buffer);

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

    public void Write(ReadOnlySpan<byte> rows, int cachedTokens)
    {
        rows.CopyTo(Bytes(_rows.Buffer));
        var total = cachedTokens + RowCount;
        MemoryMarshal.Write(Bytes(_lengths.Buffer), total - 1);
        MemoryMarshal.Write(Bytes(_total.Buffer), total);
        if (_positions is { } positions)
        {
            Fill(positions.Buffer, cachedTokens);
        }
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

    private static void Fill(NativeBuffer buffer, long first)
    {
        var numbers = MemoryMarshal.Cast<byte, long>(Bytes(buffer));
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = first + i;
        }
    }

    private static Span<byte> Bytes(NativeBuffer buffer) => buffer.Span(0, checked((int)buffer.Bytes));
}
