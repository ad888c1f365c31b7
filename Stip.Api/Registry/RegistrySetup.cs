using Microsoft.Extensions.Options;
using Stip.Api.Engine;
using Stip.Api.Engine.Loading;
using Stip.Api.Registry.ApiKeys;
using Stip.Api.Registry.Audit;
using Stip.Api.Registry.Database;
using Stip.Api.Registry.Packages;
using Stip.Api.Registry.Settings;
using Stip.Api.Registry.Uploads;

namespace Stip.Api.Registry;

/// <summary>What is kept in the data directory, and the engine under it.</summary>
internal static class RegistrySetup
{
    public static IServiceCollection AddRegistry(this IServiceCollection services)
    {
        services.AddSection<ApiOptions>(ApiOptions.Section).AddSection<EngineOptions>(EngineOptions.Section)
            .AddSection<DatabaseOptions>(DatabaseOptions.Section).AddSection<LimitOptions>(LimitOptions.Section);
        services.AddSingleton<IValidateOptions<ApiOptions>, UnknownSettings>();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new SessionQuota(
            MostSessions(
                provider.GetRequiredService<KeyDirectory>(), provider.GetRequiredService<IOptions<LimitOptions>>())));
        services.AddSingleton<CacheBudget>();
        services.AddSingleton<LoadedGraphs>();
        services.AddSingleton<DataFolders>();
        services.AddSingleton<RegistryDatabase>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<KeyFile>();
        services.AddSingleton<KeyDirectory>();
        services.AddSingleton<ApiKeyStore>();
        services.AddSingleton<UploadStore>();
        services.AddSingleton<UploadWriter>();
        services.AddSingleton<PackageFolder>();
        services.AddSingleton<HostedModelFactory>();
        services.AddSingleton<ModelRegistry>();
        services.AddSingleton<PackageRegistrar>();
        return services;
    }

    // As the key says, or as the settings do.
    private static Func<string, int?> MostSessions(KeyDirectory keys, IOptions<LimitOptions> limits) => owner =>
        keys.Keys.FirstOrDefault(key => key.Id == owner) is { } key
            ? key.Limits?.Sessions ?? limits.Value.Sessions
            : null;
}
