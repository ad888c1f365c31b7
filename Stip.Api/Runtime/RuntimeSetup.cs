using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;

namespace Stip.Api.Runtime;

/// <summary>ONNX Runtime behind the engine's port.</summary>
internal static class RuntimeSetup
{
    public static IServiceCollection AddOnnxRuntime(this IServiceCollection services)
    {
        _ = NativeHeap.TryGiveLargeBlocksBack();
        // The native library takes a while to load, and so does the rest of the start. A fault is told where it is
        // used.
        _ = Task.Run(OrtEnv.Instance);
        return services.AddSection<RuntimeOptions>(RuntimeOptions.Section)
            .AddSingleton<OrtProvider>().AddSingleton<IGraphRuntime, OrtRuntime>();
    }
}
