using Microsoft.Extensions.DependencyInjection;
using Stip.Api.Registry.ApiKeys;
using Stip.Api.Tests.Hosting;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Audit;
using Stip.Protocol.Models;

namespace Stip.Api.Tests.Registry.Database;

/// <summary>A change of a key whose connection breaks at its commit: made and answered, or not there.</summary>
public sealed class LostAnswerTests
{
    private static readonly ApiKeyCreateRequest User = new("user", [ApiKeyScopes.Infer]);

    public static bool IsMissing => PostgreSqlDatabase.Server is null;

    [Theory(Skip = PostgreSqlDatabase.Missing, SkipWhen = nameof(IsMissing))]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Key_WhoseCommitWasMade_IsAnsweredWithItsValue(bool isAnswered)
    {
        await using var database = await PostgreSqlDatabase.CreateAsync();
        using var relay = new CuttingRelay(database.ConnectionString);
        using var server = database.Serve(relay.ConnectionString);
        _ = server.Caller();
        // With the answer to the commit in hand nothing more may be needed; without it, another question.
        relay.Break(
            isAnswered ? CuttingRelay.Cut.BehindTheAnswer : CuttingRelay.Cut.BeforeTheAnswer, staysBroken: isAnswered);

        var made = await server.Caller().PostAsync<ApiKeyObject>(StipRoutes.ApiKeys, User);

        await server.Caller(made.Value).GetAsync<ListObject<ModelObject>>(StipRoutes.Models);
    }

    [Fact(Skip = PostgreSqlDatabase.Missing, SkipWhen = nameof(IsMissing))]
    public async Task Key_OfWhoseCommitNobodyHeard_IsEndedOnceTheDatabaseIsBack()
    {
        await using var database = await PostgreSqlDatabase.CreateAsync();
        using var relay = new CuttingRelay(database.ConnectionString);
        using var server = database.Serve(relay.ConnectionString);
        _ = server.Caller();
        relay.Break(CuttingRelay.Cut.BeforeTheAnswer, staysBroken: true);
        await ApiCaller.RefusedAsync(
            await server.Caller().PostAsync(StipRoutes.ApiKeys, User), 503, "server_overloaded");

        relay.Mend();
        await server.Services.GetRequiredService<ApiKeyStore>().RefreshAsync(TestContext.Current.CancellationToken);

        Assert.Single((await server.Caller().GetAsync<ListObject<ApiKeyObject>>(StipRoutes.ApiKeys)).Data);
        var acts = (await server.Caller().GetAsync<AuditPage>(StipRoutes.AuditEvents)).Data.Take(2);
        Assert.Equal([AuditEventTypes.KeyRevoked, AuditEventTypes.KeyCreated], acts.Select(act => act.Type));
    }

    [Fact(Skip = PostgreSqlDatabase.Missing, SkipWhen = nameof(IsMissing))]
    public async Task Revocation_WhoseCommitWasMade_IsInForceWithoutTheDatabase()
    {
        await using var database = await PostgreSqlDatabase.CreateAsync();
        using var relay = new CuttingRelay(database.ConnectionString);
        using var server = database.Serve(relay.ConnectionString);
        var made = await server.Caller().PostAsync<ApiKeyObject>(StipRoutes.ApiKeys, User);
        relay.Break(CuttingRelay.Cut.BehindTheAnswer, staysBroken: true);

        using var revoked = await server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.ApiKeys}/{made.Id}");

        Assert.True(revoked.IsSuccessStatusCode);
        await ApiCaller.RefusedAsync(
            await server.Caller(made.Value).SendAsync(HttpMethod.Get, StipRoutes.Models), 401, "invalid_api_key");
    }
}
