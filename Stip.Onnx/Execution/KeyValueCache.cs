using Microsoft.ML.OnnxRuntime;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Execution;

/// <summary>The cache of one sequence: each tensor is bound as past and as present.</summary>
internal sealed class KeyValueCache : IDisposable
{
    private const string PastPrefix = "past_key_values.";
    private const string PresentPrefix = "present.";

    private readonly List<(string Past, string Present, BoundedCache? Bound, OrtValue Buffer)> _buffers = [];

    /// <param name="session">A decoder graph.</param>
    /// <param name="windows">By input: windows that bound caches.</param>
    /// <param name="maxLength">Most positions.</param>
    /// <param name="spare">Positions that bounded caches have beside their window; null for all.</param>
    public KeyValueCache(
        InferenceSession session, IReadOnlyDictionary<string, int> windows, int maxLength, int? spare)
    {
        foreach (var past in session.InputNames.Where(name => name.StartsWith(PastPrefix, StringComparison.Ordinal)))
        {
            var port = OrtTensors.Describe(past, session.InputMetadata[past]);
            var bound = windows.TryGetValue(past, out var window)
                ? BoundedCache.For(window, maxLength, spare ?? maxLength)
                : null;
            // [batch, kv_heads, max_len, head_dim]
            var buffer = OrtTensors.Allocate(port.Dtype, 1, port.Shape[1], bound?.Rows ?? maxLength, port.Shape[3]);
            _buffers.Add((past, PresentPrefix + past[PastPrefix.Length..], bound, buffer));
        }
    }

    public void BindTo(OrtIoBinding binding)
    {
        foreach (var (past, present, _, buffer) in _buffers)
        {
            binding.BindInput(past, buffer);
            binding.BindOutput(present, buffer);
        }
    }

    /// <summary>True where no cache lacks what a shorter sequence needs.</summary>
    public bool CanRewind(int tokens, int position) =>
        _buffers.TrueForAll(entry => entry.Bound?.CanRewind(tokens, position) ?? true);

    /// <summary>Copies what there is of the first <paramref name="tokens"/> positions of every tensor, by its name as
    /// an output.</summary>
    public IEnumerable<(string Name, HostTensor Tensor)> Read(int tokens) => _buffers.Select(entry =>
        (entry.Present, Trim(OrtTensors.ToHost(entry.Buffer), entry.Bound?.Kept(tokens) ?? tokens)));

    public void Dispose() => _buffers.ForEach(entry => entry.Buffer.Dispose());

    private static HostTensor Trim(HostTensor tensor, int tokens)
    {
        var (heads, headDim) = (tensor.Shape[1], tensor.Shape[3]);
        var wholeBytes = tensor.Bytes.Length / (int)heads;
        var keptBytes = (int)(wholeBytes / tensor.Shape[2] * tokens);
        var kept = new byte[heads * keptBytes]; // [1, kv_heads, tokens, head_dim]
        for (var head = 0; head < heads; head++)
        {
            tensor.Bytes.AsSpan(head * wholeBytes, keptBytes).CopyTo(kept.AsSpan(head * keptBytes));
        }

        return new HostTensor(tensor.Dtype, [1, heads, tokens, headDim], kept);
    }
}
