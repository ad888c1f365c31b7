using Stip.Api.Engine;

namespace Stip.Api.Runtime;

/// <summary>ONNX Runtime behind the engine's port.</summary>
internal static class RuntimeSetup
{
    public static IServiceCollection AddOnnxRuntime(this IServiceCollection services) =>
        services.AddSection<RuntimeOptions>(RuntimeOptions.Section)
            .AddSingleton<OrtProvider>().AddSingleton<IGraphRuntime, OrtRuntime>();
}
