using Microsoft.ML.OnnxRuntime;

namespace Stip.Onnx.Execution;

/// <summary>Loads graphs so that they compute what they say, on the CPU.</summary>
internal static class ExactSession
{
    private const string NotImplemented = "ErrorCode:NotImplemented";
    private const string DataFolder = "session.model_external_initializers_file_folder_path";

    // Where weights stay mapped, constants of more bytes than this are computed when they are asked for.
    private const string LargestFolded = "1048576";

    /// <param name="path">The ONNX file; its external data lies beside it.</param>
    /// <param name="threads">Threads of one operator; 0 leaves the choice to ONNX Runtime.</param>
    public static InferenceSession Load(string path, int threads = 0)
    {
        using var options = Options(threads);
        return Load(path, () => new InferenceSession(path, options));
    }

    /// <summary>Loads a graph that no file holds.</summary>
    /// <param name="model">The graph as bytes.</param>
    /// <param name="folder">Where its external data lies.</param>
    /// <param name="asWritten">True to run node for node what the graph says, nothing fused.</param>
    /// <param name="memory">What may be made of weights beforehand.</param>
    public static InferenceSession Load(
        byte[] model, string folder, bool asWritten, WeightMemory memory = WeightMemory.Prepared)
    {
        using var options = Options(threads: 0);
        options.AddSessionConfigEntry(DataFolder, folder);
        if (memory != WeightMemory.Prepared)
        {
            KeepMapped(options, memory);
        }

        if (asWritten)
        {
            options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL;
        }

        return Load(folder, () => new InferenceSession(model, options));
    }

    private static SessionOptions Options(int threads)
    {
        var options = new SessionOptions
        {
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            IntraOpNumThreads = threads,
        };

        // Without it ONNX Runtime rounds activations to 8 bits where it fuses DequantizeLinear with MatMul.
        options.AddSessionConfigEntry("session.qdq_matmulnbits_accuracy_level", "0");

        // Operators here are many and small, or few and large: threads that wait in a loop save neither any time.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        return options;
    }

    // Copies of weights that are packed, widened or folded are as large as the weights, or twice that.
    private static void KeepMapped(SessionOptions options, WeightMemory memory)
    {
        options.EnableCpuMemArena = false;
        options.EnableMemoryPattern = false;
        options.AddSessionConfigEntry("optimization.constant_folding_max_output_size_in_bytes", LargestFolded);
        options.AddSessionConfigEntry(
            "optimization.disable_specified_optimizers", "FuseFp16InitializerToFp32NodeTransformer");
        options.AddSessionConfigEntry("session.disable_prepacking", memory == WeightMemory.Mapped ? "1" : "0");
    }

    private static InferenceSession Load(string path, Func<InferenceSession> load)
    {
        try
        {
            return load();
        }
        catch (OnnxRuntimeException e) when (e.Message.Contains(NotImplemented, StringComparison.Ordinal))
        {
            throw new RefusedException(
                $"{path} does not run on a CPU; float32 and float16 graphs do, bfloat16 ones need CUDA "
                + $"({e.Message.Trim()})", e);
        }
    }
}
