using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Stip.Api.Registry;

namespace Stip.Api.Endpoints.Limits;

/// <summary>Limits of keys and of connections.</summary>
internal static class LimitSetup
{
    private const long MaxSmallBodyBytes = 1 << 20;
    private const int MaxHeaders = 64;
    private const int MaxHeaderBytes = 16 << 10;

    public static IServiceCollection AddLimits(this IServiceCollection services)
    {
        services.AddSingleton<KeyLimits>();
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<LimitOptions>>((kestrel, options) =>
        {
            kestrel.AddServerHeader = false;
            var limits = options.Value;
            var slowest = new MinDataRate(limits.MinBytesPerSecond, TimeSpan.FromSeconds(limits.GraceSeconds));
            (kestrel.Limits.MinRequestBodyDataRate, kestrel.Limits.MinResponseDataRate) = (slowest, slowest);
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(limits.HeaderSeconds);
            kestrel.Limits.MaxRequestHeaderCount = MaxHeaders;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
            // Routes that take more say so.
            kestrel.Limits.MaxRequestBodySize = MaxSmallBodyBytes;
        });
        return services;
    }
}
