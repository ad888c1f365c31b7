using System.Diagnostics;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>A decoder as other exporters write it: past tensors as long as the past, present ones longer by the new
/// rows, a mask and positions instead of lengths.</summary>
/// <remarks>Caches live in the same arenas as those of the shared layout, so that sessions fork, rewind and move as
/// theirs do; a step copies the past out and the new rows in. States lie there as one token does, and are rewound to
/// nothing alone. Slots of equal lengths run together, where the caches have an axis for them.</remarks>
internal sealed class GrowingDecoder : IDecoder
{
    // [batch, rows, width]; of the last row alone logits may be [batch, vocab].
    private const int RowRank = 3;

    private readonly InferenceSession _session;
    private readonly DecoderSnapshot _decoder;
    private readonly RunOptions _runOptions = new();
    private readonly GrowingStep _step;
    private readonly int _rowBytes;
    private readonly int _logitsBytes;
    private bool _givesLastRowOnly;
    private readonly bool _holdsSeveral;
    private readonly DeviceGate? _gate;
    private TimeSpan _computed;

    /// <param name="session">Owned from here on.</param>
    /// <param name="decoder">What it is.</param>
    /// <param name="gate">The device's, null on the host.</param>
    /// <param name="mostInputBytes">Of several sessions in one run.</param>
    public GrowingDecoder(
        InferenceSession session,
        DecoderSnapshot decoder,
        DeviceGate? gate,
        long mostInputBytes = GrowingStep.UsualInputBytes)
    {
        (_session, _decoder, _gate) = (session, decoder, gate);
        _step = new GrowingStep(session, decoder) { MostInputBytes = mostInputBytes };
        _rowBytes = decoder.HiddenSize * decoder.RowsDtype.ByteSize();
        _logitsBytes = decoder.VocabSize * decoder.LogitsDtype.ByteSize();
        _holdsSeveral = IsFree(decoder.Ports.Embeds, decoder.RowAxes.Sequences)
            && HoldsSeveral(decoder.Ports.Mask) && HoldsSeveral(decoder.Ports.Positions)
            && (decoder.Cache.Inputs ?? []).All(HoldsSeveral)
            && decoder.CacheTensors.All(tensor => tensor.HoldsSeveral && IsFree(tensor.Past, tensor.Batch!.Value));
        TakesOneRow = !IsFree(decoder.Ports.Embeds, decoder.RowAxes.Rows);
        // Where sequences stand behind rows, a number says that there is one of them; the first run tells.
        _givesLastRowOnly = decoder.RowAxes.Rows == 1
            && session.OutputMetadata[decoder.Ports.Logits].Dimensions is { Length: RowRank } given && given[1] == 1;
    }

    public TimeSpan Copied { get; private set; }

    public bool IsOnDevice => _gate is not null;

    public bool CommitsOnUse => true;

    public bool RunsOnAnyThread => true;

    public bool TakesOneRow { get; }

    public bool LeavesOutIdle => true;

    public int MostTokens => Math.Min(CacheShape.Of(_decoder, 1, 1).MostTokens, _step.MostTokens);

    public long SlotBytes(int capacityTokens) => CacheShape.Of(_decoder, 1, capacityTokens).SlotTotalBytes;

    public ICacheArena AllocateArena(int slots, int capacityTokens) =>
        new HostArena(CacheShape.Of(_decoder, slots, capacityTokens));

    public void Run(
        SlotRange range,
        ReadOnlySpan<int> cachedTokens,
        ReadOnlySpan<byte> rows,
        ReadOnlySpan<long> wanted,
        LogitsTarget logits)
    {
        (_computed, var start) = (TimeSpan.Zero, Stopwatch.GetTimestamp());
        try
        {
            if (range.Count == 1)
            {
                RunRows(range, cachedTokens[0], rows, wanted, logits);
            }
            else
            {
                RunSlots(range, cachedTokens, rows, wanted, logits);
            }
        }
        catch (OnnxRuntimeException e) when (OrtFaults.IsOfMemory(e.Message))
        {
            throw OrtFaults.NoMemory(e);
        }

        // What is not spent in the graph: caches, rows and logits are moved.
        Copied = Stopwatch.GetElapsedTime(start) - _computed;
    }

    public void Dispose()
    {
        using var pass = DeviceGate.Enter(_gate);
        _step.Dispose();
        _runOptions.Dispose();
        _session.Dispose();
    }

    // What is listed is judged by its list.
    private bool HoldsSeveral(string port) =>
        (_decoder.Cache.Inputs ?? []).Any(made => made.Name == port) || IsFree(port, 0);

    // What has no axis of sequences is the same for all of a length; a fixed axis may be that of one sequence.
    private bool HoldsSeveral(StepInputManifest made) =>
        made.Axes.ToList().FindIndex(axis => axis.ToString() == CacheTensorManifest.Batch) is >= 0 and var batch
            ? IsFree(made.Name, batch)
            : made.Axes.All(axis => axis.ValueKind == JsonValueKind.String);

    // So is an input that the graph does not have.
    private bool IsFree(string input, int axis) =>
        !_session.InputMetadata.TryGetValue(input, out var metadata) || metadata.Dimensions[axis] < 0;

    private void RunSlots(
        SlotRange range,
        ReadOnlySpan<int> cachedTokens,
        ReadOnlySpan<byte> rows,
        ReadOnlySpan<long> wanted,
        LogitsTarget logits)
    {
        // One row a slot; those that nobody wants are left out, for nothing must be written where nothing is kept.
        Span<long> keys = stackalloc long[wanted.Length];
        for (var i = 0; i < wanted.Length; i++)
        {
            keys[i] = _holdsSeveral ? KeyOf(cachedTokens[(int)wanted[i]]) : i;
        }

        Span<bool> isDone = stackalloc bool[wanted.Length];
        Span<int> group = stackalloc int[wanted.Length];
        while (isDone.IndexOf(false) is >= 0 and var next)
        {
            var cached = cachedTokens[(int)wanted[next]];
            var most = Math.Min(group.Length, _step.MostSlots(cached));
            var count = AlikeRows.Next(keys, isDone, group[..most]);
            RunGroup(range, cached, group[..count], rows, wanted, logits);
        }
    }

    // States alone are the same work at any length but none, before which there is no state.
    private long KeyOf(int cachedTokens) => _step.CountsTokens ? cachedTokens : Math.Min(cachedTokens, 1);

    private void RunRows(
        SlotRange range, int cachedTokens, ReadOnlySpan<byte> rows, ReadOnlySpan<long> wanted, LogitsTarget logits)
    {
        var count = rows.Length / _rowBytes;
        if (count > 1 && (TakesOneRow || (_givesLastRowOnly && wanted.ContainsAnyExcept(count - 1))))
        {
            // The graph takes one row of a run, or gives the last one and others are wanted.
            RunInPieces(range, cachedTokens, rows, 1, wanted, logits);
            return;
        }

        if (_step.MostRows(cachedTokens, count) is var most && most < count)
        {
            RunInPieces(range, cachedTokens, rows, most, wanted, logits);
            return;
        }

        _step.Begin((HostArena)range.Arena, [range.First], cachedTokens, count);
        rows.CopyTo(_step.Rows);
        using var results = Run();
        var given = results[0].GetTensorMutableRawData();
        if (count > 1 && given.Length == _logitsBytes && !_givesLastRowOnly)
        {
            // Not every exporter declares it.
            _givesLastRowOnly = true;
            if (wanted.ContainsAnyExcept(count - 1))
            {
                RunInPieces(range, cachedTokens, rows, 1, wanted, logits);
                return;
            }
        }

        _step.Keep(results);

        for (var i = 0; i < wanted.Length; i++)
        {
            var row = _givesLastRowOnly ? 0 : (int)wanted[i];
            given.Slice(row * _logitsBytes, _logitsBytes).CopyTo(logits.Row(i, _logitsBytes));
        }
    }

    private void RunInPieces(
        SlotRange range,
        int cachedTokens,
        ReadOnlySpan<byte> rows,
        int rowsOfAPiece,
        ReadOnlySpan<long> wanted,
        LogitsTarget logits)
    {
        var own = new long[Math.Min(rowsOfAPiece, wanted.Length)];
        for (int first = 0, done = 0; first * _rowBytes < rows.Length; first += rowsOfAPiece)
        {
            var count = 0;
            while (done + count < wanted.Length && wanted[done + count] < first + rowsOfAPiece)
            {
                own[count] = wanted[done + count] - first;
                count++;
            }

            var piece = rows[(first * _rowBytes)..];
            RunRows(
                range, cachedTokens + first, piece[..Math.Min(rowsOfAPiece * _rowBytes, piece.Length)],
                own.AsSpan(0, count), logits.From(done, _logitsBytes));
            done += count;
        }
    }

    private void RunGroup(
        SlotRange range,
        int cachedTokens,
        ReadOnlySpan<int> group,
        ReadOnlySpan<byte> rows,
        ReadOnlySpan<long> wanted,
        LogitsTarget logits)
    {
        Span<int> slots = stackalloc int[group.Length];
        for (var i = 0; i < group.Length; i++)
        {
            slots[i] = range.First + (int)wanted[group[i]];
        }

        _step.Begin((HostArena)range.Arena, slots, cachedTokens, 1);
        for (var i = 0; i < group.Length; i++)
        {
            rows.Slice((int)wanted[group[i]] * _rowBytes, _rowBytes).CopyTo(_step.Rows[(i * _rowBytes)..]);
        }

        using var results = Run();
        var given = results[0].GetTensorMutableRawData();
        for (var i = 0; i < group.Length; i++)
        {
            given.Slice(i * _logitsBytes, _logitsBytes).CopyTo(logits.Row(group[i], _logitsBytes));
        }

        _step.Keep(results);
    }

    private IDisposableReadOnlyCollection<OrtValue> Run()
    {
        using var pass = DeviceGate.Enter(_gate);
        var start = Stopwatch.GetTimestamp();
        var results = _session.Run(_runOptions, _step.InputNames, _step.Inputs, _step.OutputNames);
        _computed += Stopwatch.GetElapsedTime(start);
        return results;
    }
}
