using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Stip.Onnx.Execution;

namespace Stip.Bench.Gpu;

/// <summary>What serving on a device is measured against: a loop whose buffers lie there at fixed addresses and whose
/// run is recorded once as a CUDA graph. Without CUDA the same on the CPU.</summary>
/// <remarks>Every step is the middle one of a run: the same row at the same length again and again, since what is bound
/// was copied to the device once. It costs what the mean step costs.</remarks>
internal sealed class BareDeviceLoop : IDisposable
{
    private const int WarmUpSteps = 8;
    private readonly InferenceSession _session;
    private readonly OrtIoBinding _binding;
    private readonly RunOptions _options = new();
    private readonly OrtAllocator _allocator;
    private readonly List<OrtValue> _values = [];
    private readonly int _batch;

    /// <param name="path">A decoder graph as <c>export</c> writes it.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="cachedTokens">Tokens before the step.</param>
    /// <param name="capacity">Tokens of a cache.</param>
    /// <param name="isCuda">Whether there is a device.</param>
    public BareDeviceLoop(string path, int batch, int cachedTokens, int capacity, bool isCuda)
    {
        _batch = batch;
        using var options = Options(isCuda);
        _session = new InferenceSession(path, options);
        _binding = _session.CreateIoBinding();
        using var memory = isCuda
            ? new OrtMemoryInfo(OrtMemoryInfo.allocatorCUDA, OrtAllocatorType.DeviceAllocator, 0, OrtMemType.Default)
            : new OrtMemoryInfo("Cpu", OrtAllocatorType.DeviceAllocator, 0, OrtMemType.Default);
        _allocator = new OrtAllocator(_session, memory);
        if (isCuda)
        {
            _options.AddRunConfigEntry("gpu_graph_id", "1");
        }

        Bind("inputs_embeds", [batch, 1, _session.InputMetadata["inputs_embeds"].Dimensions[2]]);
        Bind("seqlens_k", [batch], value => value.GetTensorMutableDataAsSpan<int>().Fill(cachedTokens));
        // Read by the host while a run is recorded, so it must hold for every one of them.
        Bind("total_sequence_length", [], value => value.GetTensorMutableDataAsSpan<int>().Fill(capacity));
        Bind("logits_rows", [batch], value => Count(value.GetTensorMutableDataAsSpan<long>()));
        if (_session.InputMetadata.ContainsKey("position_ids"))
        {
            Bind("position_ids", [batch, 1], value => value.GetTensorMutableDataAsSpan<long>().Fill(cachedTokens));
        }

        var windows = BoundedCaches.Read(path);
        foreach (var (name, metadata) in _session.InputMetadata.Where(
            pair => pair.Key.StartsWith("past_key_values", StringComparison.Ordinal)))
        {
            var (type, axes) = (metadata.ElementDataType, metadata.Dimensions);
            // A bounded cache has room for its window, however short the sequences are.
            var room = Math.Max(capacity, windows.GetValueOrDefault(name));
            var cache = Allocate(_allocator, type, [batch, axes[1], room, axes[3]]);
            _binding.BindInput(name, cache);
            _binding.BindOutput(name.Replace("past_key_values", "present", StringComparison.Ordinal), cache);
        }

        var logits = _session.OutputMetadata["logits"];
        _binding.BindOutput("logits", Allocate(_allocator, logits.ElementDataType, [batch, logits.Dimensions[1]]));
    }

    /// <summary>Tokens a second, all sequences together.</summary>
    public double Decode(int tokens)
    {
        Run(WarmUpSteps);
        var start = Stopwatch.GetTimestamp();
        Run(tokens);
        return (double)_batch * tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        _binding.Dispose();
        _values.ForEach(value => value.Dispose());
        _allocator.Dispose();
        _options.Dispose();
        _session.Dispose();
    }

    private static SessionOptions Options(bool isCuda)
    {
        if (!isCuda)
        {
            return new SessionOptions();
        }

        using var cuda = new OrtCUDAProviderOptions();
        cuda.UpdateOptions(new Dictionary<string, string> { ["device_id"] = "0", ["enable_cuda_graph"] = "1" });
        return SessionOptions.MakeSessionOptionWithCudaProvider(cuda);
    }

    private void Run(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            _session.RunWithBinding(_options, _binding);
        }
    }

    // Binding a value of the host copies it to where the graph reads it, once.
    private void Bind(string name, long[] shape, Action<OrtValue>? fill = null)
    {
        var value = Allocate(OrtAllocator.DefaultInstance, _session.InputMetadata[name].ElementDataType, shape);
        value.GetTensorMutableRawData().Clear();
        fill?.Invoke(value);
        _binding.BindInput(name, value);
    }

    private OrtValue Allocate(OrtAllocator allocator, TensorElementType type, long[] shape)
    {
        var value = OrtValue.CreateAllocatedTensorValue(allocator, type, shape);
        _values.Add(value);
        return value;
    }

    private static void Count(Span<long> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = i;
        }
    }
}
