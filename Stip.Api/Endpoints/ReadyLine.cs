namespace Stip.Api.Endpoints;

/// <summary>Tells whoever started the program where it listens.</summary>
internal static class ReadyLine
{
    public static void Write(WebApplication app)
    {
        if (app.Urls.Count > 0)
        {
            Console.Out.WriteLine($"Stip.Api is ready on {string.Join(", ", app.Urls)}; Swagger is at /swagger");
        }
    }
}
