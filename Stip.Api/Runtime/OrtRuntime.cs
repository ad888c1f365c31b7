using Microsoft.Extensions.Options;
using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Api.Runtime.Reduction;
using Stip.Protocol.Tensors;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace Stip.Api.Runtime;

/// <summary>The engine's runtime on ONNX Runtime.</summary>
internal sealed class OrtRuntime(
    OrtProvider provider,
    IOptions<RuntimeOptions> runtime,
    IOptions<EngineOptions> engine,
    ILogger<OrtRuntime> log) : IGraphRuntime
{
    public string Provider => provider.Name;

    /// <summary>What pasts of growing caches may take in one run of several sessions.</summary>
    public long MostInputBytes { get; init; } = GrowingStep.UsualInputBytes;

    // The kernel of a device takes a window as it is.
    public int? SpareTokens => provider.IsCuda ? 0 : engine.Value.Spare;

    public IDecoder LoadDecoder(DecoderSnapshot decoder)
    {
        if (decoder.Sequence is { } sequence)
        {
            return LoadSequence(decoder, sequence);
        }

        if (decoder.Cache.Layout == CacheLayouts.Growing)
        {
            return new GrowingDecoder(
                Load(decoder.GraphPath, provider.ServingOptions), decoder, provider.Device?.Gate, MostInputBytes);
        }

        if (provider.Device is not null && Placement.ReasonForHost(decoder) is { } reason)
        {
            log.LogWarning("{Model} runs on the CPU: {Reason}", decoder.Model, reason);
            return Decoder(Load(decoder.GraphPath, provider.HostOptions), decoder, CudaGraphs.None, null);
        }

        var graphs = engine.Value.CudaGraphs;
        // A recording is told the longest length in place of the true one, by which bounded caches go.
        var isBounded = decoder.CacheTensors.Any(tensor => tensor.Window > 0);
        if (provider.Device is not null && graphs > 0 && !isBounded && TryLoadRecording(decoder) is { } recording)
        {
            return Decoder(
                recording, decoder,
                new CudaGraphs(
                    graphs, number => TryRelease(recording, number), () => provider.Device.Memory.FreeBytes),
                provider.Device);
        }

        return Decoder(
            Load(decoder.GraphPath, provider.ServingOptions), decoder, CudaGraphs.None, provider.Device);
    }

    public IForwardGraph LoadForward(string graphPath) =>
        new OrtForwardGraph(Load(graphPath, provider.ServingOptions), provider.Device?.Gate);

    public GraphSignature Inspect(string graphPath)
    {
        using var session = Load(graphPath, () => new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            IntraOpNumThreads = 1,
        });
        return new GraphSignature(Signatures(session.InputMetadata), Signatures(session.OutputMetadata));
    }

    private OrtDecoder Decoder(InferenceSession session, DecoderSnapshot decoder, CudaGraphs graphs, Device? device)
    {
        try
        {
            return new OrtDecoder(
                session, decoder, device, graphs, LoadReduction(decoder, device), SpareTokens);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private RowReduction? LoadReduction(DecoderSnapshot decoder, Device? device)
    {
        if (decoder.MaxTopK == 0 || !runtime.Value.ReducesRows(device is not null, decoder.VocabSize))
        {
            return null;
        }

        try
        {
            using var pass = DeviceGate.Enter(provider.Device?.Gate);
            using var options = device is null ? provider.HostOptions() : provider.ServingOptions();
            return new RowReduction(decoder, options);
        }
        catch (OnnxRuntimeException e) when (runtime.Value.TopK == RuntimeOptions.Auto)
        {
            var reason = OrtFaults.FirstLine(e.Message);
            log.LogWarning("{Model} gives whole rows to the host: {Reason}", decoder.Model, reason);
            return null;
        }
    }

    private SequenceDecoder LoadSequence(DecoderSnapshot decoder, SequenceSnapshot sequence)
    {
        var loaded = new List<InferenceSession>();
        try
        {
            string[] paths = [sequence.EncoderPath, decoder.GraphPath, sequence.NextStepsPath];
            foreach (var path in paths.Distinct())
            {
                loaded.Add(Load(path, provider.ServingOptions));
            }

            return new SequenceDecoder(
                loaded[0], loaded[1], loaded[^1], decoder, provider.Device?.Gate, log, MostInputBytes);
        }
        catch
        {
            loaded.ForEach(session => session.Dispose());
            throw;
        }
    }

    // A graph of which a part runs on the CPU cannot be recorded; it is served without.
    private InferenceSession? TryLoadRecording(DecoderSnapshot decoder)
    {
        try
        {
            return Load(decoder.GraphPath, provider.RecordingOptions);
        }
        catch (GraphRefusedException e)
        {
            log.LogWarning("{Model} runs without CUDA graphs: {Reason}", decoder.Model, e.Message);
            return null;
        }
    }

    private bool TryRelease(InferenceSession session, int recording)
    {
        using var pass = DeviceGate.Enter(provider.Device?.Gate);
        return CapturedGraphs.TryRelease(session, recording);
    }

    private InferenceSession Load(string graphPath, Func<SessionOptions> makeOptions)
    {
        try
        {
            using var pass = DeviceGate.Enter(provider.Device?.Gate);
            using var options = makeOptions();
            return new InferenceSession(graphPath, options);
        }
        catch (OnnxRuntimeException e)
        {
            throw OrtFaults.OfLoad(graphPath, e.Message, e);
        }
    }

    private static Dictionary<string, TensorSignature> Signatures(IReadOnlyDictionary<string, NodeMetadata> metadata) =>
        metadata.ToDictionary(
            pair => pair.Key,
            pair => new TensorSignature(
                pair.Value.IsTensor ? OrtDtypes.FromOrt(pair.Value.ElementDataType)?.WireName() ?? "other" : "other",
                pair.Value.IsTensor ? pair.Value.Dimensions : []));
}
