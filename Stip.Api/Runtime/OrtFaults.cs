using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;

namespace Stip.Api.Runtime;

/// <summary>Tells what a caller sent wrong from what is wrong with a graph, a kernel or a device. The runtime has a
/// code for the former, which kernels use for indices; that lengths do not fit together they say as any other failure.
/// </summary>
internal static class OrtFaults
{
    private const int MostShown = 300;
    private const string CodeStart = "[ErrorCode:";
    private const string InvalidArgument = "[ErrorCode:InvalidArgument]";

    // Before it stand the names of a node, which say anything.
    private const string Reason = "Status Message:";

    // Of the arenas, of the CUDA runtime, of cuBLAS and of C++.
    private static readonly string[] MemoryWords =
    [
        "allocate memory", "Available memory of", "out of memory", "cudaErrorMemoryAllocation",
        "CUBLAS_STATUS_ALLOC_FAILED", "bad_alloc", "bad allocation",
    ];

    private static readonly string[] DeviceWords = ["CUDA", "CUBLAS", "CUDNN", "cudaError", "TensorRT"];

    private static readonly string[] ShapeWords =
        ["broadcast", "shape", "dimension", "out of bounds", "out of range", "out of data bounds"];

    /// <summary>True where it would have run with more memory.</summary>
    /// <param name="message">Of the runtime's exception.</param>
    public static bool IsOfMemory(string message) =>
        MemoryWords.Any(word => message.Contains(word, StringComparison.Ordinal));

    /// <summary>What a step ends with that would have run with more memory.</summary>
    public static InsufficientMemoryException NoMemory(OnnxRuntimeException e) =>
        new("the step needs more memory than there is", e);

    /// <summary>The runtime's code for what went wrong, without its words.</summary>
    /// <param name="message">Of the runtime's exception.</param>
    public static string CodeOf(string message)
    {
        var code = message.StartsWith(CodeStart, StringComparison.Ordinal)
            ? string.Concat(message.Skip(CodeStart.Length).TakeWhile(char.IsAsciiLetter))
            : "";
        return code.Length > 0 ? code : "no code";
    }

    /// <summary>True where other lengths or values would have run.</summary>
    /// <param name="message">Of the runtime's exception.</param>
    public static bool IsOfInputs(string message)
    {
        var at = message.LastIndexOf(Reason, StringComparison.Ordinal);
        var reason = at < 0 ? message : message[(at + Reason.Length)..];
        return !DeviceWords.Any(word => message.Contains(word, StringComparison.Ordinal))
            && (message.StartsWith(InvalidArgument, StringComparison.Ordinal)
                || ShapeWords.Any(word => reason.Contains(word, StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>What the load of a graph ends with: it may be as good as any where memory was short.</summary>
    /// <param name="graphPath">Told by its last name only.</param>
    /// <param name="message">Of the runtime's exception.</param>
    /// <param name="fault">That exception.</param>
    public static Exception OfLoad(string graphPath, string message, Exception? fault)
    {
        var file = Path.GetFileName(graphPath);
        var told = message.Replace(graphPath, file, StringComparison.Ordinal);
        return IsOfMemory(told)
            ? new InsufficientMemoryException($"{file} needs more memory to be loaded than there is", fault)
            : new GraphRefusedException($"{file} cannot be loaded: {FirstLine(told)}", fault);
    }

    /// <summary>The start of the runtime's words, which may go on with paths and frames of this machine.</summary>
    public static string FirstLine(string message)
    {
        var line = message.Split('\n', 2)[0];
        return line.Length > MostShown ? line[..MostShown] + "…" : line;
    }
}
