using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Stip.Api.Endpoints;
using Stip.Api.Registry;
using Stip.Api.Registry.Database;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;

namespace Stip.Api.Tests.Endpoints;

public sealed class HousekeepingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sessions_OfAKeyThatAnotherServerRevoked_AreReleasedWithTheNextLookAtTheDatabase()
    {
        using var server = new ApiServer();
        new TinyDecoder().WriteTo(server.PackageFolder("tiny"));
        var key = await server.Caller().PostAsync<ApiKeyObject>(
            StipRoutes.ApiKeys, new ApiKeyCreateRequest("user", [ApiKeyScopes.Infer]));
        await server.Caller(key.Value).StepAsync(Steps.Prefill(1, 2));
        await server.Caller().StepAsync(Steps.Prefill(1, 2));
        await using (var context = server.Services.GetRequiredService<RegistryDatabase>().Open())
        {
            await context.ApiKeys.Where(row => row.Id == key.Id).ExecuteDeleteAsync(Cancellation);
        }

        await server.Services.GetServices<IHostedService>().OfType<Housekeeping>().Single().RefreshKeysAsync();

        var decoder = server.Services.GetRequiredService<ModelRegistry>().Find("tiny")!.Decoder!;
        Assert.Empty(await decoder.SessionsOfAsync(key.Id, Cancellation));
        Assert.Equal(1, decoder.SessionCount);
    }
}
