using System.Globalization;
using Microsoft.AspNetCore.HostFiltering;
using Serilog;
using Stip.Client.Embedding;
using Stip.Client.Encoders;
using Stip.Client.Generation;
using Stip.Gateway.OpenAi;
using Stip.Gateway.OpenAi.Audio;
using Stip.Gateway.OpenAi.Embeddings;
using Stip.Gateway.OpenAi.Responses;
using Stip.Gateway.Page;

namespace Stip.Gateway.Serving;

/// <summary>The OpenAI-compatible server of this machine.</summary>
internal static class GatewayApplication
{
    private const string FinishOnError = "Microsoft.AspNetCore.Server.Kestrel.FinOnError";

    /// <summary>Most bytes of a request: an image of 64 MiB, as files have that the commands take, in base64, and a
    /// conversation around it.</summary>
    public const int MostBodyBytes = 128 << 20;

    /// <param name="models">What it serves.</param>
    /// <param name="urls">Loopback addresses.</param>
    /// <param name="logsRequests">One line a request on the console, without bodies.</param>
    /// <param name="encoders">Encoders that it serves; null for none.</param>
    /// <param name="plainRows">True rows of models, to show them; null for none.</param>
    /// <param name="speculates">Whether tokens are guessed and sent with others.</param>
    /// <param name="token">Shows that a request is of this gateway's user; null makes one that nobody knows.</param>
    public static WebApplication Create(
        IReadOnlyList<StipModel> models,
        string urls,
        bool logsRequests = true,
        IReadOnlyList<StipEncoder>? encoders = null,
        IReadOnlyDictionary<StipModel, PlainRows>? plainRows = null,
        bool speculates = true,
        GatewayToken? token = null)
    {
        token ??= GatewayToken.New();
        // A connection that is broken off in mid-answer still delivers what was written: the error event.
        AppContext.SetSwitch(FinishOnError, true);
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Host.UseSerilog((context, logger) => Configure(logger, context.Configuration, logsRequests));
        builder.WebHost.UseUrls(urls);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = MostBodyBytes);
        // A page of another site must not reach the gateway by giving its own name this address.
        builder.Services.Configure<HostFilteringOptions>(options =>
            options.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"]);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(token);
        builder.Services.AddSingleton(services =>
            new ServedModels(models, services.GetRequiredService<TimeProvider>().GetUtcNow(), plainRows, encoders)
            {
                Speculates = speculates,
            });
        builder.Services.AddSingleton(services =>
            new ServedEncoders(encoders ?? [], services.GetRequiredService<ServedModels>()));

        var app = builder.Build();
        if (logsRequests)
        {
            app.UseSerilogRequestLogging();
        }

        app.UseOpenAiErrors();
        app.UseOriginGuard();
        app.UseTokenGuard(token);
        app.MapPage();
        app.MapAnswers();
        app.MapResponses();
        app.MapEmbeddings();
        app.MapTranscriptions();
        app.MapModels();
        app.MapGet("/health/live", () => Results.Text("live"));
        return app;
    }

    private static void Configure(LoggerConfiguration logger, IConfiguration settings, bool writes)
    {
        logger.ReadFrom.Configuration(settings);
        if (writes)
        {
            logger.WriteTo.Console(formatProvider: CultureInfo.InvariantCulture);
        }
    }
}
