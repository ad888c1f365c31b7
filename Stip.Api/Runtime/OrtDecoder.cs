using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;

namespace Stip.Api.Runtime;

/// <summary>A decoder graph with a shared cache, run by IO binding.</summary>
internal sealed class OrtDecoder : IDecoder
{
    private readonly InferenceSession _session;
    private readonly DecoderSnapshot _decoder;
    private readonly RunOptions _runOptions = new();
    private readonly CacheNames _names;
    private readonly bool _hasPositions;
    private readonly bool _isOnDevice;
    private readonly OrtAllocator? _deviceAllocator;
    private readonly StepTensors _single;
    private StepTensors? _several;

    public OrtDecoder(InferenceSession session, DecoderSnapshot decoder, bool isOnDevice)
    {
        _session = session;
        _decoder = decoder;
        _isOnDevice = isOnDevice;
        _names = new CacheNames(decoder.Cache.Layers);
        _hasPositions = session.InputMetadata.ContainsKey("position_ids");
        _single = new StepTensors(decoder, 1, allRows: false, _hasPositions);
        if (isOnDevice)
        {
            using var memory = new OrtMemoryInfo(
                OrtMemoryInfo.allocatorCUDA, OrtAllocatorType.DeviceAllocator, 0, OrtMemType.Default);
            _deviceAllocator = new OrtAllocator(session, memory);
        }
    }

    public long CacheBytes(int capacityTokens) => CacheShape.Of(_decoder, capacityTokens).TotalBytes;

    public ICache AllocateCache(int capacityTokens)
    {
        var shape = CacheShape.Of(_decoder, capacityTokens);
        CacheMemory memory = _deviceAllocator is { } allocator
            ? new DeviceCacheMemory(shape, allocator)
            : new HostCacheMemory(shape);
        return new OrtCache(_session, memory, _names);
    }

    public void Run(
        ICache cache, int cachedTokens, ReadOnlySpan<byte> rows, int rowCount, bool allRows, Span<byte> logits)
    {
        var own = (OrtCache)cache;
        var tensors = TensorsFor(rowCount, allRows);
        tensors.Write(rows, cachedTokens);
        // Binding host memory to a graph on a device copies it there, so what changed must be bound again.
        if (own.Bound != tensors || _isOnDevice)
        {
            tensors.Bind(own.Binding);
            own.Bound = tensors;
        }

        _session.RunWithBinding(_runOptions, own.Binding);
        tensors.Logits.CopyTo(logits);
    }

    public void Dispose()
    {
        _single.Dispose();
        _several?.Dispose();
        _deviceAllocator?.Dispose();
        _runOptions.Dispose();
        _session.Dispose();
    }

    // One row is what nearly every step has; of other shapes only the last is kept.
    private StepTensors TensorsFor(int rowCount, bool allRows)
    {
        if (rowCount == 1)
        {
            return _single;
        }

        if (_several?.RowCount != rowCount || _several.AllRows != allRows)
        {
            _several?.Dispose();
            _several = null;
            _several = new StepTensors(_decoder, rowCount, allRows, _hasPositions);
        }

        return _several;
    }
}
