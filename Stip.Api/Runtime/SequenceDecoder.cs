using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>A decoder that goes on from an encoder's states: a graph for the source, one for the first step of a
/// session and one for later steps.</summary>
/// <remarks>The keys and values of its own rows lie in arenas as those of other growing caches do; what it keeps of the
/// states lies beside them. First steps run one by one; of later ones those of equal length run together whose sources
/// are as long, where the graph has an axis for them. Where it leaves out what its mask does, sources of about a length
/// are made as long as one another.</remarks>
internal sealed class SequenceDecoder : IDecoder
{
    private readonly InferenceSession _encoder;
    private readonly InferenceSession _first;
    private readonly DecoderSnapshot _decoder;
    private readonly DeviceGate? _gate;
    private readonly ILogger _log;
    // What a caller sent wrong is theirs to know, and no line of a log with their numbers.
    private readonly RunOptions _runOptions = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
    private readonly GrowingStep _firstStep;
    private readonly MergedInputs? _merged;
    private readonly LaterSteps _later;
    private readonly int _rowBytes;
    private readonly int _logitsBytes;

    /// <param name="encoder">From rows of the source to states.</param>
    /// <param name="first">The first step of a session.</param>
    /// <param name="next">Later ones; the same where one graph is both.</param>
    /// <param name="decoder">What they are.</param>
    /// <param name="gate">The device's, null on the host.</param>
    /// <param name="log">The operator's.</param>
    /// <param name="mostInputBytes">Of several sessions in one run.</param>
    public SequenceDecoder(
        InferenceSession encoder,
        InferenceSession first,
        InferenceSession next,
        DecoderSnapshot decoder,
        DeviceGate? gate,
        ILogger log,
        long mostInputBytes = GrowingStep.UsualInputBytes)
    {
        (_encoder, _first, _decoder, _gate, _log) = (encoder, first, decoder, gate, log);
        var sequence = decoder.Sequence!;
        string[] pasts = [.. sequence.Cross.Select(tensor => tensor.Past)];
        string[] presents = [.. sequence.Cross.Select(tensor => tensor.Present)];
        string[] own = [sequence.First.States, .. MaskOf(first)];
        _merged = sequence.IsMerged ? new MergedInputs(decoder.CacheDtype, sequence.Cross) : null;
        _firstStep = new GrowingStep(
            first, decoder, (sequence.IsMerged ? [.. own, sequence.First.Branch, .. pasts] : own, presents),
            sequence.First);
        _rowBytes = decoder.HiddenSize * decoder.RowsDtype.ByteSize();
        _logitsBytes = decoder.VocabSize * decoder.LogitsDtype.ByteSize();
        _later = new LaterSteps(next, decoder, _merged?.Later, gate, mostInputBytes);
    }

    public bool IsOnDevice => _gate is not null;

    public bool CommitsOnUse => true;

    public bool RunsOnAnyThread => true;

    public bool LeavesOutIdle => true;

    public int MostTokens => CacheShape.Of(_decoder, 1, 1).MostTokens;

    public long SlotBytes(int capacityTokens) => CacheShape.Of(_decoder, 1, capacityTokens).SlotTotalBytes;

    public long SourceBytes(int rows) => _decoder.Sequence!.Bytes(
        _later.KeptRows(_decoder.Sequence.MostStates(rows)), _decoder);

    public ICacheArena AllocateArena(int slots, int capacityTokens) =>
        new SequenceArena(CacheShape.Of(_decoder, slots, capacityTokens));

    public void Read(SlotRange slot, ReadOnlySpan<byte> source)
    {
        var arena = (SequenceArena)slot.Arena;
        arena.Set(slot.First, null);
        var width = _decoder.Sequence!.SourceWidth(_decoder);
        var count = source.Length / (width * _decoder.RowsDtype.ByteSize());
        using var rows = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, _decoder.RowsDtype.ToOrt(), [1, count, width]);
        source.CopyTo(rows.GetTensorMutableRawData());
        try
        {
            arena.Set(slot.First, Encode(rows, count));
        }
        catch (OnnxRuntimeException e) when (OrtFaults.IsOfMemory(e.Message))
        {
            throw OrtFaults.NoMemory(e);
        }
        catch (OnnxRuntimeException e) when (OrtFaults.IsOfInputs(e.Message))
        {
            RefusedRuns.Write(_log, _decoder.Model, "encoder", OrtFaults.CodeOf(e.Message));
            throw new SourceRefusedException("the encoder cannot run a source of this length and these values", e);
        }
        catch (SourceRefusedException)
        {
            RefusedRuns.Write(_log, _decoder.Model, "encoder", "more rows than are served");
            throw;
        }
        finally
        {
            rows.GetTensorMutableRawData().Clear();
        }
    }

    public void Run(
        SlotRange range,
        ReadOnlySpan<int> cachedTokens,
        ReadOnlySpan<byte> rows,
        ReadOnlySpan<long> wanted,
        LogitsTarget logits)
    {
        var arena = (SequenceArena)range.Arena;
        var isFirst = range.Count == 1 && cachedTokens[0] == 0;
        try
        {
            if (isFirst)
            {
                RunFirst(arena, range.First, rows, wanted, logits);
            }
            else
            {
                _later.Run(arena, range.First, cachedTokens, rows, wanted, logits);
            }
        }
        catch (OnnxRuntimeException e) when (OrtFaults.IsOfMemory(e.Message))
        {
            throw OrtFaults.NoMemory(e);
        }
        catch (OnnxRuntimeException e) when (isFirst && OrtFaults.IsOfInputs(e.Message))
        {
            RefusedRuns.Write(_log, _decoder.Model, "decoder", OrtFaults.CodeOf(e.Message));
            throw new SourceRefusedException(
                "the decoder's first step cannot run rows and a source of these lengths and values", e);
        }
    }

    public void Dispose()
    {
        using var pass = DeviceGate.Enter(_gate);
        _firstStep.Dispose();
        _later.Dispose();
        _merged?.Dispose();
        _runOptions.Dispose();
        _encoder.Dispose();
        _first.Dispose();
    }

    private void RunFirst(
        SequenceArena arena, int slot, ReadOnlySpan<byte> rows, ReadOnlySpan<long> wanted, LogitsTarget logits)
    {
        var source = arena.SourceOf(slot);
        OrtValue[] own = MaskOf(_first).Length > 0 ? [source.States, source.Mask] : [source.States];
        _firstStep.Begin(
            arena, [slot], cachedTokens: 0, rows.Length / _rowBytes,
            _merged is { } merged ? [.. own, .. merged.First] : own);
        rows.CopyTo(_firstStep.Rows);
        var results = Run(_first, _firstStep);
        var kept = _decoder.CacheTensors.Count + 1;
        try
        {
            _firstStep.Keep(results);
            var given = results[0].GetTensorMutableRawData();
            for (var i = 0; i < wanted.Length; i++)
            {
                given.Slice((int)wanted[i] * _logitsBytes, _logitsBytes).CopyTo(logits.Row(i, _logitsBytes));
            }

            CheckCross(results.Skip(kept), source.Rows);
            source.Keep([.. results.Skip(kept)], keepsStates: _merged is not null);
        }
        finally
        {
            // What the source keeps stays; of a step that failed nothing does.
            foreach (var value in source.Cross.Count > 0 ? results.Take(kept) : results)
            {
                value.Dispose();
            }
        }

        _later.Lengthen(source);
    }

    private ReadSource Encode(OrtValue rows, int count)
    {
        var sequence = _decoder.Sequence!;
        var mask = SourcePadding.Mask(count, count);
        OrtValue? states = null;
        try
        {
            var ports = sequence.Source;
            string[] names =
                _encoder.InputMetadata.ContainsKey(ports.Mask) ? [ports.Embeds, ports.Mask] : [ports.Embeds];
            OrtValue[] values = names.Length > 1 ? [rows, mask] : [rows];
            using var pass = DeviceGate.Enter(_gate);
            states = _encoder.Run(_runOptions, names, values, [ports.Hidden])[0];
            var given = sequence.States is null ? count : (int)states.GetTensorTypeAndShape().Shape[1];
            if (given > sequence.MostStates(count))
            {
                // The cache has room for no more.
                throw new SourceRefusedException(
                    $"the encoder makes {given} rows of a source of {count}, at most "
                    + $"{sequence.MostStates(count)} are served");
            }

            Check(
                ports.Hidden, states,
                (long)given * sequence.StatesWidth(_decoder)
                    * _decoder.RowsDtype.ByteSize());
            if (given != count)
            {
                mask.Dispose();
                mask = SourcePadding.Mask(given, given);
            }

            return new ReadSource(given, mask, states);
        }
        catch
        {
            mask.Dispose();
            states?.Dispose();
            throw;
        }
    }

    private IDisposableReadOnlyCollection<OrtValue> Run(InferenceSession session, GrowingStep step)
    {
        using var pass = DeviceGate.Enter(_gate);
        return session.Run(_runOptions, step.InputNames, step.Inputs, step.OutputNames);
    }

    // What a session pays for is what it keeps.
    private void CheckCross(IEnumerable<OrtValue> given, int rows)
    {
        foreach (var (tensor, value) in _decoder.Sequence!.Cross.Zip(given))
        {
            Check(
                tensor.Present, value,
                (long)rows * tensor.Blocks * tensor.Runs * tensor.Width * _decoder.CacheDtype.ByteSize());
        }
    }

    /// <exception cref="GraphRefusedException">The graph gives another tensor than it said.</exception>
    private static void Check(string name, OrtValue value, long bytes)
    {
        if (value.GetTensorMutableRawData().Length != bytes)
        {
            throw new GraphRefusedException($"'{name}' is not as long as the source");
        }
    }

    private string[] MaskOf(InferenceSession first) => _decoder.Sequence!.First.StatesMask is var mask
        && first.InputMetadata.ContainsKey(mask) ? [mask] : [];
}
