using System.Globalization;
using Microsoft.ML.OnnxRuntime;

namespace Stip.Api.Runtime;

/// <summary>Hands out the numbers under which ONNX Runtime keeps recorded runs (CUDA graphs). A recording lives as
/// long as its session and holds the addresses it was made with, so a number is never given twice, and what was
/// recorded for a binding that has gone still counts.</summary>
/// <param name="most">Recordings of one session, each a few megabytes on the device; 0 records nothing.</param>
internal sealed class CudaGraphs(int most)
{
    // Source: onnxruntime_run_options_config_keys.h, kOrtRunOptionsConfigCudaGraphAnnotation.
    private const string Key = "gpu_graph_id";
    private int _given;

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

    /// <summary>Options of runs of which the first is recorded and the others replay it; null when there are too
    /// many already.</summary>
    public RunOptions? TryRecord()
    {
        if (_given >= most)
        {
            return null;
        }

        var options = new RunOptions();
        options.AddRunConfigEntry(Key, (++_given).ToString(CultureInfo.InvariantCulture));
        return options;
    }
}
