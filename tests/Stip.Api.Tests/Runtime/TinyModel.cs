using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Api.Runtime;
using Stip.Api.Runtime.Reduction;
using Stip.Api.Tests.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace Stip.Api.Tests.Runtime;

/// <summary>A small decoder on disk, loaded without a host.</summary>
internal sealed class TinyModel : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TinyModel()
    {
        _ = new TinyDecoder().WriteTo(_folder.Path);
        Snapshot = new DecoderSnapshot(
            "tiny", Path.Combine(_folder.Path, "model.onnx"), TinyDecoder.HiddenSize, TinyDecoder.VocabSize,
            TinyDecoder.ContextLength, TinyDecoder.MaxTopK, TensorDtype.Float32, TensorDtype.Float32,
            TensorDtype.Float32, new CacheManifest(CacheLayouts.Shared, 2, 1, 16));
    }

    public DecoderSnapshot Snapshot { get; }

    public OrtDecoder Load(IDeviceMemory? device, CudaGraphs graphs) =>
        Load(device is null ? null : new Device(device), graphs);

    public OrtDecoder Load(Device? device, CudaGraphs graphs) =>
        new(new InferenceSession(Snapshot.GraphPath), Snapshot, device, graphs);

    /// <summary>A decoder that gives no more of a row than is wanted.</summary>
    public OrtDecoder LoadReducing(IDeviceMemory device, CudaGraphs graphs)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1 };
        return new(
            new InferenceSession(Snapshot.GraphPath), Snapshot, new Device(device), graphs,
            new RowReduction(Snapshot, options));
    }

    public void Dispose() => _folder.Dispose();
}
