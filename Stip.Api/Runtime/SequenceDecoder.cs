using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>A decoder that goes on from an encoder's states: a graph for the source, one for the first step of a
/// session and one for later steps.</summary>
/// <remarks>The keys and values of its own rows lie in arenas as those of other growing caches do; what it keeps of the
/// states lies beside them, and is read where it is. Sessions run one by one: each has a source of another length.
/// </remarks>
internal sealed class SequenceDecoder : IDecoder
{
    private const string Mask = "attention_mask";
    private const string StatesMask = "encoder_attention_mask";
    private const string States = "encoder_hidden_states";
    private const string Hidden = "last_hidden_state";
    private const string Branch = "use_cache_branch";
    private readonly InferenceSession _encoder;
    private readonly InferenceSession _first;
    private readonly InferenceSession _next;
    private readonly DecoderSnapshot _decoder;
    private readonly DeviceGate? _gate;
    private readonly RunOptions _runOptions = new();
    private readonly GrowingStep _firstStep;
    private readonly GrowingStep _nextStep;
    private readonly MergedInputs? _merged;
    private readonly int _rowBytes;
    private readonly int _logitsBytes;

    /// <param name="encoder">From rows of the source to states.</param>
    /// <param name="first">The first step of a session.</param>
    /// <param name="next">Later ones; the same where one graph is both.</param>
    /// <param name="decoder">What they are.</param>
    /// <param name="gate">The device's, null on the host.</param>
    public SequenceDecoder(
        InferenceSession encoder,
        InferenceSession first,
        InferenceSession next,
        DecoderSnapshot decoder,
        DeviceGate? gate)
    {
        (_encoder, _first, _next, _decoder, _gate) = (encoder, first, next, decoder, gate);
        var sequence = decoder.Sequence!;
        string[] pasts = [.. sequence.Cross.Select(tensor => tensor.Past)];
        string[] presents = [.. sequence.Cross.Select(tensor => tensor.Present)];
        string[] own = [States, .. MaskOf(first)];
        _merged = sequence.IsMerged ? new MergedInputs(decoder.CacheDtype, sequence.Cross) : null;
        _firstStep = new GrowingStep(
            first, decoder, (sequence.IsMerged ? [.. own, Branch, .. pasts] : own, presents));
        _nextStep = new GrowingStep(
            next, decoder, (sequence.IsMerged ? [.. own, Branch, .. pasts] : [.. MaskOf(next), .. pasts], []));
        _rowBytes = decoder.HiddenSize * decoder.RowsDtype.ByteSize();
        _logitsBytes = decoder.VocabSize * decoder.LogitsDtype.ByteSize();
    }

    public bool IsOnDevice => _gate is not null;

    public bool CommitsOnUse => true;

    public bool RunsOnAnyThread => true;

    public long SlotBytes(int capacityTokens) => CacheShape.Of(_decoder, 1, capacityTokens).SlotTotalBytes;

    public ICacheArena AllocateArena(int slots, int capacityTokens) =>
        new SequenceArena(CacheShape.Of(_decoder, slots, capacityTokens));

    public void Read(SlotRange slot, ReadOnlySpan<byte> source)
    {
        var arena = (SequenceArena)slot.Arena;
        arena.Set(slot.First, null);
        var count = source.Length / _rowBytes;
        using var rows = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, _decoder.RowsDtype.ToOrt(), [1, count, _decoder.HiddenSize]);
        source.CopyTo(rows.GetTensorMutableRawData());
        try
        {
            arena.Set(slot.First, Encode(rows, count));
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
        var (arena, position) = ((SequenceArena)range.Arena, cachedTokens[0]);
        var source = arena.SourceOf(range.First);
        var isFirst = position == 0;
        var step = isFirst ? _firstStep : _nextStep;
        step.Begin(arena, [range.First], position, rows.Length / _rowBytes, Others(source, isFirst));
        rows.CopyTo(step.Rows);
        var results = Run(isFirst ? _first : _next, step);
        var kept = _decoder.CacheTensors.Count + 1;
        try
        {
            step.Keep(results);
            var given = results[0].GetTensorMutableRawData();
            for (var i = 0; i < wanted.Length; i++)
            {
                given.Slice((int)wanted[i] * _logitsBytes, _logitsBytes).CopyTo(logits.Row(i, _logitsBytes));
            }

            if (isFirst)
            {
                CheckCross(results.Skip(kept), SourceRows(source));
                source.Keep([.. results.Skip(kept)], keepsStates: _merged is not null);
            }
        }
        finally
        {
            // What the source keeps stays; of a step that failed nothing does.
            foreach (var value in source.Cross.Count > 0 ? results.Take(kept) : results)
            {
                value.Dispose();
            }
        }
    }

    public void Dispose()
    {
        using var pass = DeviceGate.Enter(_gate);
        _firstStep.Dispose();
        _nextStep.Dispose();
        _merged?.Dispose();
        _runOptions.Dispose();
        _encoder.Dispose();
        _first.Dispose();
        _next.Dispose();
    }

    private OrtValue[] Others(ReadSource source, bool isFirst)
    {
        OrtValue[] mask = MaskOf(isFirst ? _first : _next).Length > 0 ? [source.Mask] : [];
        return _merged is { } merged
            ? [source.States, .. mask, .. isFirst ? merged.First : [merged.Later, .. source.Cross]]
            : isFirst ? [source.States, .. mask] : [.. mask, .. source.Cross];
    }

    private ReadSource Encode(OrtValue rows, int count)
    {
        var mask = Ones(count);
        try
        {
            string[] names = _encoder.InputMetadata.ContainsKey(Mask) ? ["inputs_embeds", Mask] : ["inputs_embeds"];
            OrtValue[] values = names.Length > 1 ? [rows, mask] : [rows];
            using var pass = DeviceGate.Enter(_gate);
            var states = _encoder.Run(_runOptions, names, values, [Hidden])[0];
            Check(Hidden, states, (long)count * _rowBytes);
            return new ReadSource(mask, states);
        }
        catch
        {
            mask.Dispose();
            throw;
        }
    }

    private IReadOnlyList<OrtValue> Run(InferenceSession session, GrowingStep step)
    {
        using var pass = DeviceGate.Enter(_gate);
        return session.Run(_runOptions, step.InputNames, step.Inputs, step.OutputNames);
    }

    private static int SourceRows(ReadSource source) => (int)source.Mask.GetTensorTypeAndShape().ElementCount;

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

    private static string[] MaskOf(InferenceSession session) =>
        session.InputMetadata.ContainsKey(StatesMask) ? [StatesMask] : [];

    private static OrtValue Ones(int count)
    {
        var mask = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, TensorDtype.Int64.ToOrt(), [1, count]);
        mask.GetTensorMutableDataAsSpan<long>().Fill(1);
        return mask;
    }
}
