using Microsoft.Extensions.Options;
using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace Stip.Api.Runtime;

/// <summary>Chooses the execution provider once and makes session options for it.</summary>
internal sealed class OrtProvider : IDisposable
{
    private const string CudaProviderName = "CUDAExecutionProvider";
    private readonly EngineOptions _engine;
    private readonly CudaMemory? _memory;

    public OrtProvider(IOptions<RuntimeOptions> runtime, IOptions<EngineOptions> engine, ILogger<OrtProvider> log)
    {
        _engine = engine.Value;
        var wanted = runtime.Value.ExecutionProvider;
        string? reason = null;
        _memory = wanted != RuntimeOptions.Cpu && TryCuda(out reason) ? CudaMemory.TryOpen(out reason) : null;
        Device = _memory is null ? null : new Device(_memory);
        if (!IsCuda && wanted == RuntimeOptions.Cuda)
        {
            throw new InvalidOperationException($"Stip:Api:ExecutionProvider is cuda, but {reason}");
        }

        if (IsCuda)
        {
            log.LogInformation("ONNX Runtime {Version} runs on CUDA", OrtEnv.Instance().GetVersionString());
        }
        else
        {
            log.LogInformation(
                "ONNX Runtime {Version} runs on the CPU{Reason}", OrtEnv.Instance().GetVersionString(),
                reason is null ? "" : $": {reason}");
        }
    }

    /// <summary>Null where graphs run on the CPU.</summary>
    public Device? Device { get; }

    public bool IsCuda => Device is not null;

    public string Name => IsCuda ? RuntimeOptions.Cuda : RuntimeOptions.Cpu;

    public SessionOptions ServingOptions() =>
        Tune(IsCuda ? SessionOptions.MakeSessionOptionWithCudaProvider(0) : new SessionOptions());

    /// <summary>Options of graphs that stay on the host.</summary>
    public SessionOptions HostOptions() => Tune(new SessionOptions());

    /// <summary>Options under which decode steps are recorded and replayed as CUDA graphs.</summary>
    public SessionOptions RecordingOptions()
    {
        using var cuda = new OrtCUDAProviderOptions();
        cuda.UpdateOptions(new Dictionary<string, string> { ["device_id"] = "0", ["enable_cuda_graph"] = "1" });
        return Tune(SessionOptions.MakeSessionOptionWithCudaProvider(cuda));
    }

    public void Dispose()
    {
        Device?.Dispose();
        _memory?.Dispose();
    }

    private SessionOptions Tune(SessionOptions options)
    {
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR;
        options.IntraOpNumThreads = _engine.IntraOpThreads;
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", _engine.SpinMicroseconds > 0 ? "1" : "0");
        if (_engine.SpinMicroseconds > 0)
        {
            options.AddSessionConfigEntry(
                "session.intra_op.spin_duration_us", FormattableString.Invariant($"{_engine.SpinMicroseconds}"));
        }

        return options;
    }

    private static bool TryCuda(out string? reason)
    {
        if (!OrtEnv.Instance().GetAvailableProviders().Contains(CudaProviderName))
        {
            reason = "this build of ONNX Runtime has no CUDA provider";
            return false;
        }

        // What the runtime would print by itself is in the one line that this gives.
        var environment = OrtEnv.Instance();
        var level = environment.EnvLogLevel;
        environment.EnvLogLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        try
        {
            using var options = SessionOptions.MakeSessionOptionWithCudaProvider(0);
            reason = null;
            return true;
        }
        catch (OnnxRuntimeException e)
        {
            reason = e.Message;
            return false;
        }
        finally
        {
            environment.EnvLogLevel = level;
        }
    }
}
