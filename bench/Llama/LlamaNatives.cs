using System.Runtime.InteropServices;

namespace Stip.Bench.Llama;

/// <summary>
/// The C API of llama.cpp, from a folder of its libraries. Its parameter structures are passed as memory that is larger
/// than any version of them: only their first fields, which are old, are set; threads are set by a call.
/// </summary>
internal sealed unsafe class LlamaNatives
{
    private const string Missing =
        "--natives names a folder with libllama*.so, libggml*.so and the libggml-cpu-*.so of llama.cpp, e.g. "
        + "bins/linux-x64 of the npm package @node-llama-cpp/linux-x64";

    private const int ErrorLevel = 4;
    private readonly nint _llama;
    private readonly nint _ggml;

    public LlamaNatives(string folder)
    {
        // The backends look for what they need beside themselves.
        NativeLibrary.Load(Find(folder, "libggml-base*.so"));
        _ggml = NativeLibrary.Load(Directory.EnumerateFiles(folder, "libggml.*so").FirstOrDefault()
            ?? throw new FileNotFoundException(Missing));
        _llama = NativeLibrary.Load(Directory.EnumerateFiles(folder, "libllama*.so")
            .FirstOrDefault(file => !file.Contains("common", StringComparison.Ordinal))
            ?? throw new FileNotFoundException(Missing));
        ((delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<int, byte*, void*, void>, void*, void>)
            Export("llama_log_set"))(&Log, null);
        fixed (byte* path = System.Text.Encoding.UTF8.GetBytes(folder + '\0'))
        {
            ((delegate* unmanaged[Cdecl]<byte*, void>)NativeLibrary.GetExport(
                _ggml, "ggml_backend_load_all_from_path"))(path);
        }

        ((delegate* unmanaged[Cdecl]<void>)Export("llama_backend_init"))();
    }

    /// <summary>What of the processor its kernels use.</summary>
    public string SystemInfo => Marshal.PtrToStringUTF8(
        ((delegate* unmanaged[Cdecl]<nint>)Export("llama_print_system_info"))())!.Trim();

    public nint Export(string name) => NativeLibrary.GetExport(_llama, name);

    private static string Find(string folder, string pattern) =>
        Directory.Exists(folder) && Directory.EnumerateFiles(folder, pattern).FirstOrDefault() is { } file
            ? Path.GetFullPath(file)
            : throw new FileNotFoundException(Missing);

    [UnmanagedCallersOnly(CallConvs = [typeof(System.Runtime.CompilerServices.CallConvCdecl)])]
    private static void Log(int level, byte* text, void* data)
    {
        if (level == ErrorLevel)
        {
            Console.Error.Write(Marshal.PtrToStringUTF8((nint)text));
        }
    }
}
