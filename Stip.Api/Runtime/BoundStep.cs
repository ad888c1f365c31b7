using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine.Caches;

namespace Stip.Api.Runtime;

/// <summary>A binding of a range of slots and of step tensors of one shape, ready to run again and again.</summary>
internal sealed class BoundStep : IDisposable
{
    private readonly OrtIoBinding _binding;
    private readonly StepTensors _tensors;
    private readonly List<OrtValue> _views = [];
    private readonly bool _rebinds;

    /// <param name="session">The decoder.</param>
    /// <param name="range">Bound as past and as present of every layer.</param>
    /// <param name="names">Names of the cache tensors.</param>
    /// <param name="tensors">Owned from here on.</param>
    /// <param name="isOnDevice">Binding host memory to a graph on a device copies it there, so what changed is bound
    /// again.</param>
    public BoundStep(
        InferenceSession session, SlotRange range, CacheNames names, StepTensors tensors, bool isOnDevice)
    {
        (_tensors, _rebinds) = (tensors, isOnDevice);
        _binding = session.CreateIoBinding();
        for (var i = 0; i < names.Past.Count; i++)
        {
            var view = ((OrtArena)range.Arena).View(i, range.First, range.Count);
            _views.Add(view);
            _binding.BindInput(names.Past[i], view);
            _binding.BindOutput(names.Present[i], view);
        }

        tensors.Bind(_binding);
    }

    public long Bytes => _tensors.TotalBytes;

    public void Run(
        InferenceSession session,
        RunOptions options,
        ReadOnlySpan<byte> rows,
        ReadOnlySpan<int> cachedTokens,
        ReadOnlySpan<long> wanted,
        Span<byte> logits)
    {
        _tensors.Write(rows, cachedTokens, wanted);
        if (_rebinds)
        {
            _tensors.Bind(_binding);
        }

        session.RunWithBinding(options, _binding);
        _tensors.Logits.CopyTo(logits);
    }

    public void Dispose()
    {
        _binding.Dispose();
        _views.ForEach(view => view.Dispose());
        _tensors.Dispose();
    }
}
