namespace Stip.DeveloperPortal.Server;

internal static class ServerExtensions
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static void AddServerModels(this WebApplicationBuilder builder) =>
        builder.Services.AddHttpClient<ServerModels>(client => client.Timeout = Patience);
}
