using System.Globalization;
using Microsoft.ML.OnnxRuntime;

namespace Stip.Api.Runtime;

/// <summary>The runs that one session has recorded (CUDA graphs), at most so many: the one that was used longest ago
/// makes room. A number is never given twice, so that nothing can be replayed on addresses that have gone.</summary>
/// <param name="most">Recordings of one session, each a few megabytes on the device; 0 records nothing.</param>
/// <param name="release">Lets the runtime forget a number; false where it cannot, and the recording counts until the
/// session ends.</param>
/// <param name="freeBytes">What is free on the device. The runtime says that it has let go where its provider has no
/// code that does: only memory that comes back shows it. Null where the word is enough.</param>
internal sealed class CudaGraphs(int most, Func<int, bool> release, Func<long>? freeBytes = null)
{
    // Source: onnxruntime_run_options_config_keys.h, kOrtRunOptionsConfigCudaGraphAnnotation.
    private const string Key = "gpu_graph_id";
    private readonly LinkedList<Recording> _byUse = new();
    private int _given;
    private int _lost;

    /// <summary>Of a session that records nothing.</summary>
    public static CudaGraphs None { get; } = new(0, static _ => false);

    /// <summary>Whether steps must be such that they could be recorded.</summary>
    public bool Enabled => most > 0;

    /// <summary>Options of a run that is neither recorded nor replayed.</summary>
    public RunOptions Unrecorded()
    {
        var options = new RunOptions();
        if (Enabled)
        {
            options.AddRunConfigEntry(Key, "-1");
        }

        return options;
    }

    /// <summary>A recording that the next run makes; null when there are too many already and the runtime lets go of
    /// none.</summary>
    public Recording? TryRecord()
    {
        if (_byUse.Count + _lost >= most && !TryMakeRoom())
        {
            return null;
        }

        var options = new RunOptions();
        options.AddRunConfigEntry(Key, (++_given).ToString(CultureInfo.InvariantCulture));
        var recording = new Recording(_given, options);
        _byUse.AddFirst(recording);
        return recording;
    }

    /// <summary>Says that a recording is used now.</summary>
    public void Use(Recording recording)
    {
        if (_byUse.First?.Value != recording && _byUse.Find(recording) is { } node)
        {
            _byUse.Remove(node);
            _byUse.AddFirst(node);
        }
    }

    /// <summary>Lets go of a recording whose addresses are about to go.</summary>
    public void Release(Recording recording)
    {
        if (!recording.IsReleased)
        {
            _ = _byUse.Remove(recording);
            Forget(recording);
        }
    }

    // Where the runtime has refused once, it is not asked to give up what works.
    private bool TryMakeRoom()
    {
        if (_lost > 0 || _byUse.Last is not { } last)
        {
            return false;
        }

        _byUse.RemoveLast();
        return Forget(last.Value);
    }

    private bool Forget(Recording recording)
    {
        recording.Dispose();
        var before = freeBytes?.Invoke();
        var isFree = release(recording.Number) && (freeBytes is null || freeBytes() > before);
        _lost += isFree ? 0 : 1;
        return isFree;
    }
}
