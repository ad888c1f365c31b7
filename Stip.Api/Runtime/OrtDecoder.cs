using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Api.Runtime.Reduction;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>A decoder graph with a shared cache, run by IO binding.</summary>
internal sealed class OrtDecoder : IDecoder
{
    private readonly InferenceSession _session;
    private readonly DecoderSnapshot _decoder;
    private readonly CudaGraphs _graphs;
    private readonly RunOptions _unrecorded;
    private readonly Device? _device;
    private readonly RowReduction? _reduction;
    private readonly bool _hasPositions;
    private readonly BoundSteps _bound;
    private readonly int _rowBytes;
    private readonly int? _spareTokens;

    /// <param name="session">Owned from here on.</param>
    /// <param name="decoder">What it is.</param>
    /// <param name="device">Where it runs and caches and step tensors lie; null for the host.</param>
    /// <param name="graphs">Recordings that the session may keep.</param>
    /// <param name="reduction">Owned from here on; null where rows of logits are fetched as a whole.</param>
    /// <param name="spareTokens">Tokens that bounded caches have beside their window; null for the usual.</param>
    public OrtDecoder(
        InferenceSession session,
        DecoderSnapshot decoder,
        Device? device,
        CudaGraphs graphs,
        RowReduction? reduction = null,
        int? spareTokens = null)
    {
        (_session, _decoder, _device, _reduction) = (session, decoder, device, reduction);
        (_graphs, _unrecorded) = (graphs, graphs.Unrecorded());
        _rowBytes = decoder.HiddenSize * decoder.RowsDtype.ByteSize();
        _spareTokens = spareTokens;
        _hasPositions = session.InputMetadata.ContainsKey("position_ids");
        _bound = new BoundSteps(Bind);
    }

    public bool IsOnDevice => _device is not null;

    public bool CommitsOnUse => _device is null;

    public bool RunsOnAnyThread => !_graphs.Enabled;

    public bool ReducesRows => _reduction is not null;

    public TimeSpan Copied { get; private set; }

    public long SlotBytes(int capacityTokens) => ShapeOf(1, capacityTokens).SlotTotalBytes;

    public ICacheArena AllocateArena(int slots, int capacityTokens)
    {
        var shape = ShapeOf(slots, capacityTokens);
        OrtArena arena = _device is null ? new HostArena(shape) : new DeviceArena(shape, _device.Memory);
        arena.Ending += _bound.Forget;
        return arena;
    }

    public void Run(
        SlotRange range,
        ReadOnlySpan<int> cachedTokens,
        ReadOnlySpan<byte> rows,
        ReadOnlySpan<long> wanted,
        LogitsTarget logits)
    {
        var step = _bound.Get(range, rows.Length / _rowBytes / range.Count, wanted.Length);
        step.Prepare();
        using var pass = step.IsAboutToRecord ? DeviceGate.EnterAlone(_device?.Gate) : DeviceGate.Enter(_device?.Gate);
        try
        {
            Copied = step.Run(_session, _unrecorded, rows, cachedTokens, wanted, logits);
        }
        catch (OnnxRuntimeException e) when (OrtFaults.IsOfMemory(e.Message))
        {
            throw OrtFaults.NoMemory(e);
        }
    }

    public void Dispose()
    {
        using var pass = DeviceGate.Enter(_device?.Gate);
        _bound.Dispose();
        _reduction?.Dispose();
        _unrecorded.Dispose();
        _session.Dispose();
    }

    private CacheShape ShapeOf(int slots, int capacityTokens) =>
        CacheShape.Of(_decoder, slots, capacityTokens, _spareTokens);

    private BoundStep Bind(SlotRange range, int rows, int wanted)
    {
        // Only decode steps are recorded. All of them get the same total length then, recorded or not: kernels may
        // choose their work by it, and a session's logits must not depend on who else is there.
        var recordable = _graphs.Enabled && rows == 1;
        var shape = new StepShape(
            range.Count, rows, wanted, _hasPositions, recordable ? range.Arena.CapacityTokens : null);
        var tensors = new StepTensors(_decoder, shape, _device?.Memory, _reduction);
        return new BoundStep(_session, range, _decoder.CacheTensors, tensors, recordable ? _graphs : null);
    }
}
