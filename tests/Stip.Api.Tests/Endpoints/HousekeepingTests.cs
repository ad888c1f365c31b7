using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Stip.Api.Endpoints;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Api.Registry.ApiKeys;
using Stip.Api.Registry.Database;
using Stip.Api.Registry.Uploads;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Audit;
using Stip.Protocol.Errors;
using Stip.Protocol.Packages;

namespace Stip.Api.Tests.Endpoints;

public sealed class HousekeepingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // Whatever this server reads the keys for first: its own changes read those of others.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sessions_OfAKeyThatAnotherServerRevoked_AreReleased(bool changesAnother)
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

        if (changesAnother)
        {
            await server.Caller().PostAsync<ApiKeyObject>(
                StipRoutes.ApiKeys, new ApiKeyCreateRequest("another", [ApiKeyScopes.Infer]));
        }

        await Tidies(server).RefreshKeysAsync();
        await Tidies(server).ReleaseGoneAsync();

        var decoder = server.Services.GetRequiredService<ModelRegistry>().Find("tiny")!.Decoder!;
        Assert.Empty(await decoder.SessionsOfAsync(key.Id, Cancellation));
        Assert.Equal(1, decoder.SessionCount);
    }

    // Each has its line of the audit log, which is in the database.
    [Fact]
    public async Task Uploads_OfThatAge_StayUntilTheDatabaseIsOpen()
    {
        using var server = new ApiServer(("Stip:Api:UploadHours", "1"));
        var id = (await server.Caller().AnnounceAsync(new PackageFile("model.onnx", 9, new string('a', 64)))).Id;
        server.Clock.Set(TimeSpan.FromMinutes(61));
        using var unread = ActivatorUtilities.CreateInstance<ApiKeyStore>(server.Services);
        Assert.False(unread.IsOpen);
        using (var early = ActivatorUtilities.CreateInstance<Housekeeping>(server.Services, unread))
        {
            await early.ExpireUploadsAsync();
        }

        Assert.Null(Find(server, id));
        await Tidies(server).ExpireUploadsAsync();
        Assert.Equal(StipErrorCode.NotFound, Find(server, id)?.Code);
        var events = await server.Caller().GetAsync<AuditPage>(StipRoutes.AuditEvents);
        Assert.Contains(events.Data, line => line.Type == AuditEventTypes.UploadExpired && line.Subject == id);
    }

    private static Refusal? Find(ApiServer server, string id) =>
        server.Services.GetRequiredService<UploadStore>().Find("key_bootstrap", id).Refusal;

    private static Housekeeping Tidies(ApiServer server) =>
        server.Services.GetServices<IHostedService>().OfType<Housekeeping>().Single();
}
