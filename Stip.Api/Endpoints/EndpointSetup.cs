using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Stip.Api.Endpoints.Authentication;
using Stip.Api.Endpoints.Completions;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Endpoints.Limits;
using Stip.Api.Endpoints.OpenApi;
using Stip.Api.Endpoints.Streaming;
using Stip.Protocol;

namespace Stip.Api.Endpoints;

/// <summary>Every route of the server and what stands before it.</summary>
internal static class EndpointSetup
{
    /// <summary>A connection whose other end does not answer a ping for so long is ended.</summary>
    private static readonly TimeSpan StreamPing = TimeSpan.FromSeconds(30);

    public static IServiceCollection AddEndpoints(this IServiceCollection services)
    {
        // A request goes on in the pool thread that read it: one hand-over less a token, and nothing here blocks long.
        // A buffer that waits with its connection saves a look at the socket before every read.
        services.Configure<SocketTransportOptions>(options =>
        {
            options.UnsafePreferInlineScheduling = true;
            options.WaitForDataBeforeAllocatingBuffer = false;
            options.CreateBoundListenSocket = ListenSockets.Make;
        });
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.PropertyNamingPolicy = StipJson.Wire.PropertyNamingPolicy;
            options.SerializerOptions.DefaultIgnoreCondition = StipJson.Wire.DefaultIgnoreCondition;
            options.SerializerOptions.NumberHandling = StipJson.Wire.NumberHandling;
            options.SerializerOptions.MaxDepth = StipJson.Wire.MaxDepth;
        });
        services.Configure<WebSocketOptions>(options =>
            (options.KeepAliveInterval, options.KeepAliveTimeout) = (StreamPing, StreamPing));
        services.AddSingleton<StepDesk>();
        services.AddSingleton<StepReader>();
        services.AddSingleton<PassDesk>();
        services.AddSingleton<ForwardReader>();
        services.AddSingleton<StreamEndpoint>();
        services.AddSingleton<ServerStartup>();
        services.AddHostedService(provider => provider.GetRequiredService<ServerStartup>());
        services.AddHostedService<Housekeeping>();
        return services.AddLimits().AddEngineMetrics().AddApiKeyAuthentication().AddApiDocument();
    }

    public static WebApplication UseEndpoints(this WebApplication app)
    {
        app.UseMiddleware<RequestIdMiddleware>();
        app.UseMiddleware<RequestLog>();
        app.UseMiddleware<ErrorMiddleware>();
        app.UseSwaggerPage();
        app.UseWebSockets();
        app.UseMiddleware<AnswerLimitMiddleware>();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseMiddleware<KeyLimitMiddleware>();
        app.UseMiddleware<ContentEncodingMiddleware>();
        app.MapOpenApi().AllowAnonymous();
        app.MapHealth();
        app.MapMetrics();
        app.MapCompletions();
        StreamEndpoint.Map(app);
        app.MapForward();
        app.MapSessions();
        app.MapModels();
        app.MapUploads();
        app.MapApiKeys();
        app.MapAudit();
        return app;
    }
}
