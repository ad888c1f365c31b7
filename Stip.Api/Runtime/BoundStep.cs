using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;

namespace Stip.Api.Runtime;

/// <summary>A binding of a range of slots and of step tensors of one shape, ready to run again and again.</summary>
internal sealed class BoundStep : IDisposable
{
    /// <summary>A range that was seen so often is worth a recording.</summary>
    private const int UsesBeforeRecording = 3;

    private readonly OrtIoBinding _binding;
    private readonly StepTensors _tensors;
    private readonly CudaGraphs? _graphs;
    private readonly List<OrtValue> _views = [];
    private Recording? _recorded;
    private int _uses;

    /// <param name="session">The decoder.</param>
    /// <param name="range">Bound as past and as present of every layer.</param>
    /// <param name="caches">Names of the cache tensors.</param>
    /// <param name="tensors">Owned from here on.</param>
    /// <param name="graphs">Where a recording of it may be had; null for a step that is never recorded.</param>
    public BoundStep(
        InferenceSession session,
        SlotRange range,
        IReadOnlyList<CacheTensor> caches,
        StepTensors tensors,
        CudaGraphs? graphs)
    {
        (_tensors, _graphs) = (tensors, graphs);
        _binding = session.CreateIoBinding();
        try
        {
            for (var i = 0; i < caches.Count; i++)
            {
                var view = ((OrtArena)range.Arena).View(i, range.First, range.Count);
                _views.Add(view);
                _binding.BindInput(caches[i].Past, view);
                _binding.BindOutput(caches[i].Present, view);
            }

            tensors.Bind(_binding);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public long Bytes => _tensors.TotalBytes;

    /// <summary>Whether a recording would be lost with it.</summary>
    public bool IsRecorded => _recorded is { IsReleased: false };

    /// <summary>Whether the next run makes a recording, with the device to itself.</summary>
    public bool IsAboutToRecord { get; private set; }

    /// <summary>Decides how the next run is done.</summary>
    public void Prepare()
    {
        IsAboutToRecord = false;
        if (_recorded is { IsReleased: true })
        {
            (_recorded, _uses) = (null, 0);
        }

        if (_recorded is not null)
        {
            _graphs!.Use(_recorded);
        }
        else if (_graphs is not null && _uses++ == UsesBeforeRecording)
        {
            _recorded = _graphs.TryRecord();
            IsAboutToRecord = _recorded is not null;
        }
    }

    /// <param name="session">The decoder.</param>
    /// <param name="unrecorded">Options of a run without a recording.</param>
    /// <param name="rows"><c>[slots, rows, hidden]</c>.</param>
    /// <param name="cachedTokens"><c>[slots]</c>.</param>
    /// <param name="wanted">Flat row numbers.</param>
    /// <param name="logits">Receives <c>[wanted, vocab]</c>.</param>
    /// <returns>What the copies in and out took.</returns>
    public TimeSpan Run(
        InferenceSession session,
        RunOptions unrecorded,
        ReadOnlySpan<byte> rows,
        ReadOnlySpan<int> cachedTokens,
        ReadOnlySpan<long> wanted,
        LogitsTarget logits)
    {
        var start = Stopwatch.GetTimestamp();
        TimeSpan written;
        try
        {
            _tensors.Write(rows, cachedTokens, wanted);
            written = Stopwatch.GetElapsedTime(start);
            session.RunWithBinding(_recorded?.Options ?? unrecorded, _binding);
        }
        catch when (_recorded is not null)
        {
            // It may not be whole; this step is not recorded again.
            _graphs!.Release(_recorded);
            _recorded = null;
            throw;
        }

        start = Stopwatch.GetTimestamp();
        _tensors.ReadLogits(logits);
        return written + Stopwatch.GetElapsedTime(start);
    }

    public void Dispose()
    {
        if (_recorded is not null)
        {
            _graphs!.Release(_recorded);
        }

        _binding.Dispose();
        _views.ForEach(view => view.Dispose());
        _tensors.Dispose();
    }
}
