using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>The steps after the first of sessions that have sources: rows of several sessions run together where they
/// are as far and their sources as long.</summary>
internal sealed class LaterSteps : IDisposable
{
    private readonly InferenceSession _session;
    private readonly DecoderSnapshot _decoder;
    private readonly OrtValue? _isLater;
    private readonly DeviceGate? _gate;
    private readonly RunOptions _runOptions = new();
    private readonly GrowingStep _step;
    private readonly JoinedSources _joined;
    private readonly List<ReadSource> _sources = [];
    private readonly bool _takesMask;
    private readonly bool _holdsSeveral;
    private readonly bool _padsSources;
    private readonly int _rowBytes;
    private readonly int _logitsBytes;

    /// <param name="session">The graph; owned from here on.</param>
    /// <param name="decoder">What it is.</param>
    /// <param name="isLater">What tells a graph that is both steps which it is; null for one that is this.</param>
    /// <param name="gate">The device's, null on the host.</param>
    /// <param name="mostInputBytes">Of several sessions in one run.</param>
    public LaterSteps(
        InferenceSession session, DecoderSnapshot decoder, OrtValue? isLater, DeviceGate? gate, long mostInputBytes)
    {
        (_session, _decoder, _isLater, _gate) = (session, decoder, isLater, gate);
        var sequence = decoder.Sequence!;
        var ports = sequence.Next;
        _takesMask = session.InputMetadata.ContainsKey(ports.StatesMask);
        string[] own = _takesMask ? [ports.StatesMask] : [];
        string[] pasts = [.. sequence.Cross.Select(tensor => tensor.Past)];
        _step = new GrowingStep(
            session,
            decoder,
            (sequence.IsMerged ? [ports.States, .. own, ports.Branch, .. pasts] : [.. own, .. pasts], []),
            ports)
        {
            MostInputBytes = mostInputBytes,
        };
        _joined = new JoinedSources(decoder);
        _rowBytes = decoder.HiddenSize * decoder.RowsDtype.ByteSize();
        _logitsBytes = decoder.VocabSize * decoder.LogitsDtype.ByteSize();
        _holdsSeveral = session.InputMetadata.Where(input => input.Key != ports.Branch).All(IsFree);
        _padsSources = _holdsSeveral && _takesMask && PaddingProbe.LeavesOut(Try, decoder);
    }

    /// <summary>Rows of the tensors that are kept of a source of so many.</summary>
    public int KeptRows(int rows) => _padsSources ? SourcePadding.Rows(rows) : rows;

    /// <summary>Makes what a first step has given ready for later ones.</summary>
    public void Lengthen(ReadSource source)
    {
        var (rows, cross) = (KeptRows(source.Rows), _decoder.Sequence!.Cross);
        if (rows == source.Rows)
        {
            return;
        }

        source.Lengthen(rows, SourcePadding.Mask(source.Rows, rows), (value, index) => index is { } i
            ? SourcePadding.Lengthened(value, cross[i].Blocks * cross[i].Runs, cross[i].Shape(1, rows))
            : SourcePadding.Lengthened(value, 1, [1, rows, _decoder.Sequence!.StatesWidth(_decoder)]));
    }

    /// <summary>Appends rows to slots, as <see cref="IDecoder.Run"/> does.</summary>
    public void Run(
        SequenceArena arena,
        int first,
        ReadOnlySpan<int> cachedTokens,
        ReadOnlySpan<byte> rows,
        ReadOnlySpan<long> wanted,
        LogitsTarget logits)
    {
        if (cachedTokens.Length > 1)
        {
            RunSlots(arena, first, cachedTokens, rows, wanted, logits);
            return;
        }

        Begin(arena, [first], cachedTokens[0], rows.Length / _rowBytes);
        rows.CopyTo(_step.Rows);
        using var results = Run();
        var given = results[0].GetTensorMutableRawData();
        for (var i = 0; i < wanted.Length; i++)
        {
            given.Slice((int)wanted[i] * _logitsBytes, _logitsBytes).CopyTo(logits.Row(i, _logitsBytes));
        }
    }

    public void Dispose()
    {
        _step.Dispose();
        _joined.Dispose();
        _runOptions.Dispose();
        _session.Dispose();
    }

    // One row a slot; those that nobody wants are left out, for nothing must be written where nothing is kept.
    private void RunSlots(
        SequenceArena arena,
        int first,
        ReadOnlySpan<int> cachedTokens,
        ReadOnlySpan<byte> rows,
        ReadOnlySpan<long> wanted,
        LogitsTarget logits)
    {
        Span<long> keys = stackalloc long[wanted.Length];
        for (var i = 0; i < wanted.Length; i++)
        {
            var slot = (int)wanted[i];
            keys[i] = _holdsSeveral
                ? ((long)arena.SourceOf(first + slot).KeptRows << 32) + cachedTokens[slot]
                : i;
        }

        Span<bool> isDone = stackalloc bool[wanted.Length];
        Span<int> group = stackalloc int[wanted.Length];
        Span<int> slots = stackalloc int[wanted.Length];
        while (isDone.IndexOf(false) is >= 0 and var next)
        {
            var slot = (int)wanted[next];
            var most = Math.Min(
                _joined.Most(arena.SourceOf(first + slot).KeptRows), _step.MostSlots(cachedTokens[slot]));
            var count = AlikeRows.Next(keys, isDone, group[..Math.Min(group.Length, most)]);
            for (var i = 0; i < count; i++)
            {
                slots[i] = first + (int)wanted[group[i]];
            }

            Begin(arena, slots[..count], cachedTokens[slot], rowCount: 1);
            for (var i = 0; i < count; i++)
            {
                rows.Slice((slots[i] - first) * _rowBytes, _rowBytes).CopyTo(_step.Rows[(i * _rowBytes)..]);
            }

            using var results = Run();
            var given = results[0].GetTensorMutableRawData();
            for (var i = 0; i < count; i++)
            {
                given.Slice(i * _logitsBytes, _logitsBytes).CopyTo(logits.Row(group[i], _logitsBytes));
            }
        }
    }

    // A later step, everything of it but its rows.
    private void Begin(SequenceArena arena, ReadOnlySpan<int> slots, int cachedTokens, int rowCount)
    {
        _sources.Clear();
        foreach (var slot in slots)
        {
            _sources.Add(arena.SourceOf(slot));
        }

        if (slots.Length > 1)
        {
            _joined.Join(_sources);
        }

        var only = _sources[0];
        _step.Begin(arena, slots, cachedTokens, rowCount, slots.Length > 1
            ? Later(_joined.Mask, _isLater is null ? null : _joined.States, _joined.Cross)
            : Later(only.Mask, _isLater is null ? null : only.States, only.Cross));
        _sources.Clear();
    }

    private OrtValue[] Later(OrtValue mask, OrtValue? states, IReadOnlyList<OrtValue> cross)
    {
        OrtValue[] own = _takesMask ? [mask] : [];
        return _isLater is { } flag ? [states!, .. own, flag, .. cross] : [.. own, .. cross];
    }

    private float[] Try(OrtValue mask, OrtValue states, IReadOnlyList<OrtValue> cross)
    {
        using var arena = new HostArena(CacheShape.Of(_decoder, 1, 2));
        _step.Begin(arena, [0], cachedTokens: 1, rowCount: 1, Later(mask, states, cross));
        _step.Rows.Clear();
        using var results = Run();
        var logits = new float[_decoder.VocabSize];
        TensorConversion.ToFloat32(
            _decoder.LogitsDtype, results[0].GetTensorMutableRawData()[.._logitsBytes], logits);
        return logits;
    }

    private IDisposableReadOnlyCollection<OrtValue> Run()
    {
        using var pass = DeviceGate.Enter(_gate);
        var results = _session.Run(_runOptions, _step.InputNames, _step.Inputs, _step.OutputNames);
        _step.Keep(results);
        return results;
    }

    // Several sequences fit where nothing that a step takes says that it is one.
    private bool IsFree(KeyValuePair<string, NodeMetadata> input)
    {
        var tensor = _decoder.CacheTensors.Concat(_decoder.Sequence!.Cross)
            .FirstOrDefault(tensor => tensor.Past == input.Key);
        return tensor is null or { HoldsSeveral: true } && input.Value.Dimensions[tensor?.Batch ?? 0] < 0;
    }
}
