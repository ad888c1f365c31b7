using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Stip.DeveloperPortal.Tests;

/// <summary>The portal over a folder of packages, without a network.</summary>
internal sealed class PortalFactory(string packagesDirectory) : WebApplicationFactory<Program>
{
    protected override void ConfigureWebHost(IWebHostBuilder builder) =>
        builder.UseSetting("Stip:Portal:PackagesDirectory", packagesDirectory);
}
