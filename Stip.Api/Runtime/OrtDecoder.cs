using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>A decoder graph with a shared cache, run by IO binding.</summary>
internal sealed class OrtDecoder : IDecoder
{
    private readonly InferenceSession _session;
    private readonly DecoderSnapshot _decoder;
    private readonly RunOptions _runOptions = new();
    private readonly OrtAllocator? _deviceAllocator;
    private readonly BoundSteps _bound;
    private readonly int _rowBytes;

    public OrtDecoder(InferenceSession session, DecoderSnapshot decoder, bool isOnDevice)
    {
        (_session, _decoder) = (session, decoder);
        _rowBytes = decoder.HiddenSize * decoder.RowsDtype.ByteSize();
        var names = new CacheNames(decoder.Cache.Layers);
        var hasPositions = session.InputMetadata.ContainsKey("position_ids");
        _bound = new BoundSteps((range, rows, wanted) => new BoundStep(
            session, range, names, new StepTensors(decoder, range.Count, rows, wanted, hasPositions), isOnDevice));
        if (isOnDevice)
        {
            using var memory = new OrtMemoryInfo(
                OrtMemoryInfo.allocatorCUDA, OrtAllocatorType.DeviceAllocator, 0, OrtMemType.Default);
            _deviceAllocator = new OrtAllocator(session, memory);
        }
    }

    public bool CommitsOnUse => _deviceAllocator is null;

    public long SlotBytes(int capacityTokens) => CacheShape.Of(_decoder, 1, capacityTokens).SlotTotalBytes;

    public ICacheArena AllocateArena(int slots, int capacityTokens)
    {
        var shape = CacheShape.Of(_decoder, slots, capacityTokens);
        OrtArena arena = _deviceAllocator is { } allocator ? new DeviceArena(shape, allocator) : new HostArena(shape);
        arena.Ending += _bound.Forget;
        return arena;
    }

    public void Run(
        SlotRange range,
        ReadOnlySpan<int> cachedTokens,
        ReadOnlySpan<byte> rows,
        ReadOnlySpan<long> wanted,
        Span<byte> logits) =>
        _bound.Get(range, rows.Length / _rowBytes / range.Count, wanted.Length)
            .Run(_session, _runOptions, rows, cachedTokens, wanted, logits);

    public void Dispose()
    {
        _bound.Dispose();
        _deviceAllocator?.Dispose();
        _runOptions.Dispose();
        _session.Dispose();
    }
}
