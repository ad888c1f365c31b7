namespace Stip.Api.Endpoints;

/// <summary>Tells whoever started the program where it listens.</summary>
internal static class ReadyLine
{
    /// <summary>To be called once the server listens.</summary>
    public static void WriteWhenReady(WebApplication app) =>
        app.Services.GetRequiredService<ServerStartup>().Ready.ContinueWith(
            _ => Write(app), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously | TaskContinuationOptions.OnlyOnRanToCompletion,
            TaskScheduler.Default);

    private static void Write(WebApplication app)
    {
        if (app.Urls.Count > 0)
        {
            Console.Out.WriteLine($"Stip.Api is ready on {string.Join(", ", app.Urls)}; Swagger is at /swagger");
        }
    }
}
