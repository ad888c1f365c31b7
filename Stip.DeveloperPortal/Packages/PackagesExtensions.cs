namespace Stip.DeveloperPortal.Packages;

internal static class PackagesExtensions
{
    public static void AddPackages(this WebApplicationBuilder builder) =>
        builder.Services.AddSingleton<PackageFolder>();
}
