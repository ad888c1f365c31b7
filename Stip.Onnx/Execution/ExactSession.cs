using Microsoft.ML.OnnxRuntime;

namespace Stip.Onnx.Execution;

/// <summary>Loads graphs so that they compute what they say, on the CPU.</summary>
internal static class ExactSession
{
    private const string NotImplemented = "ErrorCode:NotImplemented";

    /// <param name="path">The ONNX file; its external data lies beside it.</param>
    /// <param name="threads">Threads of one operator; 0 leaves the choice to ONNX Runtime.</param>
    public static InferenceSession Load(string path, int threads = 0)
    {
        using var options = new SessionOptions
        {
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            IntraOpNumThreads = threads,
        };

        // Without it ONNX Runtime rounds activations to 8 bits where it fuses DequantizeLinear with MatMul.
        options.AddSessionConfigEntry("session.qdq_matmulnbits_accuracy_level", "0");
        try
        {
            return new InferenceSession(path, options);
        }
        catch (OnnxRuntimeException e) when (e.Message.Contains(NotImplemented, StringComparison.Ordinal))
        {
            throw new RefusedException(
                $"{path} does not run on a CPU; float32 and float16 graphs do, bfloat16 ones need CUDA "
                + $"({e.Message.Trim()})", e);
        }
    }
}
