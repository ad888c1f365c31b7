using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Stip.Api.Engine;
using Stip.Api.Runtime.Reduction;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>Inputs and outputs of steps of one shape.</summary>
internal sealed class StepTensors : IDisposable
{
    private readonly List<StepTensor> _all = [];
    private readonly StepTensor _rows; // [batch, rows, hidden]
    private readonly StepTensor _lengths; // int32 [batch]
    private readonly StepTensor _total; // int32 [], read by the host
    private readonly StepTensor _wanted; // int64 [wanted]
    private readonly StepTensor? _positions; // int64 [batch, rows]
    private readonly StepTensor _logits; // [wanted, vocab]
    private readonly IDeviceMemory? _device;
    private readonly int _rowCount;
    private readonly int _logitsBytes;
    private readonly int _wantedRows;
    private readonly ReducedRows? _reduced;
    private readonly int? _fixedTotal;

    /// <param name="decoder">Whose steps.</param>
    /// <param name="shape">Of the steps.</param>
    /// <param name="device">Where they run; null for the host.</param>
    /// <param name="reduction">Finds the largest logits there; null where whole rows are fetched.</param>
    public StepTensors(DecoderSnapshot decoder, StepShape shape, IDeviceMemory? device, RowReduction? reduction)
    {
        (_device, _rowCount, _wantedRows, _fixedTotal) = (device, shape.Rows, shape.Wanted, shape.FixedTotal);
        _logitsBytes = decoder.VocabSize * decoder.LogitsDtype.ByteSize();
        try
        {
            _rows = Make(
                decoder.RowsDtype.ToOrt(), decoder.RowsDtype.ByteSize(), device, shape.Batch, _rowCount,
                decoder.HiddenSize);
            _lengths = Make(TensorElementType.Int32, sizeof(int), device, shape.Batch);
            _total = Make(TensorElementType.Int32, sizeof(int), device: null);
            _wanted = Make(TensorElementType.Int64, sizeof(long), device, shape.Wanted);
            _positions = shape.HasPositions
                ? Make(TensorElementType.Int64, sizeof(long), device, shape.Batch, _rowCount)
                : null;
            _logits = Keep(new StepTensor(
                decoder.LogitsDtype.ToOrt(), decoder.LogitsDtype.ByteSize(), device,
                isSeldomFetched: reduction is not null, shape.Wanted, decoder.VocabSize));
            _reduced = reduction is null
                ? null
                : new ReducedRows(reduction, _logits.Part, _wantedRows, _logitsBytes, device);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public long TotalBytes => _all.Sum(tensor => tensor.TotalBytes) + (_reduced?.Bytes ?? 0);

    public void Bind(OrtIoBinding binding)
    {
        binding.BindInput("inputs_embeds", _rows.Bound);
        binding.BindInput("seqlens_k", _lengths.Bound);
        binding.BindInput("total_sequence_length", _total.Bound);
        binding.BindInput("logits_rows", _wanted.Bound);
        if (_positions is not null)
        {
            binding.BindInput("position_ids", _positions.Bound);
        }

        binding.BindOutput("logits", _logits.Bound);
    }

    /// <summary>Fills the inputs where the graph reads them.</summary>
    public void Write(ReadOnlySpan<byte> rows, ReadOnlySpan<int> cachedTokens, ReadOnlySpan<long> wanted)
    {
        rows.CopyTo(_rows.Bytes);
        wanted.CopyTo(_wanted.Numbers<long>());
        var lengths = _lengths.Numbers<int>();
        var positions = _positions is null ? [] : _positions.Numbers<long>();
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

        _total.Numbers<int>()[0] = _fixedTotal ?? longest;
        _rows.Upload();
        _lengths.Upload();
        _wanted.Upload();
        _positions?.Upload();
        _device?.Wait();
    }

    /// <summary>Fetches what is wanted of the output, <c>[wanted, vocab]</c>.</summary>
    public void ReadLogits(LogitsTarget logits)
    {
        _reduced?.Read(logits);
        var areAllWhole = true;
        for (var row = 0; row < _wantedRows; row++)
        {
            areAllWhole &= logits.Top(row).IsWhole;
        }

        if (areAllWhole)
        {
            _logits.Download();
        }

        for (var row = 0; row < _wantedRows; row++)
        {
            if (logits.Top(row).IsWhole)
            {
                var at = row * _logitsBytes;
                var given = areAllWhole
                    ? _logits.Bytes.Slice(at, _logitsBytes)
                    : _logits.Download(at, _logitsBytes);
                given.CopyTo(logits.Row(row, _logitsBytes));
            }
        }
    }

    public void Dispose()
    {
        _reduced?.Dispose();
        foreach (var tensor in _all)
        {
            tensor.Dispose();
        }
    }

    private StepTensor Make(TensorElementType type, int elementBytes, IDeviceMemory? device, params long[] shape)
    {
        return Keep(new StepTensor(type, elementBytes, device, shape));
    }

    private StepTensor Keep(StepTensor tensor)
    {
        _all.Add(tensor);
        return tensor;
    }
}
