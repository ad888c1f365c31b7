using Microsoft.ML.OnnxRuntime;

namespace Stip.Api.Runtime;

/// <summary>A recorded run (CUDA graph): it holds the addresses it was made with.</summary>
internal sealed class Recording(int number, RunOptions options) : IDisposable
{
    /// <summary>What ONNX Runtime keeps it under.</summary>
    public int Number => number;

    /// <summary>Options of runs of which the first is recorded and the others replay it.</summary>
    public RunOptions Options => options;

    /// <summary>True after it made room for another; it must not be run any more.</summary>
    public bool IsReleased { get; private set; }

    public void Dispose()
    {
        IsReleased = true;
        options.Dispose();
    }
}
