using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Stip.Api.Registry.ApiKeys;
using Stip.Api.Tests.Hosting;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Audit;
using Stip.Protocol.Models;

namespace Stip.Api.Tests.Registry.Database;

/// <summary>Several servers over one PostgreSQL database, a real one.</summary>
public sealed class PostgreSqlTests
{
    private static readonly ApiKeyCreateRequest Administrator = new("second", ApiKeyScopes.All);

    public static bool IsMissing => PostgreSqlDatabase.Server is null;

    [Fact(Skip = PostgreSqlDatabase.Missing, SkipWhen = nameof(IsMissing))]
    public async Task Servers_ThatStartTogetherOverAnEmptyDatabase_AgreeOnOneFirstKey()
    {
        await using var database = await PostgreSqlDatabase.CreateAsync();
        var servers = Enumerable.Range(0, 4).Select(_ => database.Serve()).ToArray();
        try
        {
            // Making a caller starts the server.
            await Task.WhenAll(servers.Select(server => Task.Run(() => server.Caller())));
            foreach (var server in servers)
            {
                Assert.Single((await server.Caller().GetAsync<ListObject<ApiKeyObject>>(StipRoutes.ApiKeys)).Data);
            }

            var acts = await servers[0].Caller().GetAsync<AuditPage>(StipRoutes.AuditEvents);
            Assert.Single(acts.Data, act => act.Type == AuditEventTypes.KeyCreated);
        }
        finally
        {
            Array.ForEach(servers, server => server.Dispose());
        }
    }

    [Fact(Skip = PostgreSqlDatabase.Missing, SkipWhen = nameof(IsMissing))]
    public async Task Key_RevokedOnOneServer_EndsOnTheOther()
    {
        await using var database = await PostgreSqlDatabase.CreateAsync();
        using var first = database.Serve();
        using var second = database.Serve();
        var made = await first.Caller().PostAsync<ApiKeyObject>(StipRoutes.ApiKeys, Administrator);
        _ = second.Caller();
        await RefreshAsync(second);
        await second.Caller(made.Value).GetAsync<ListObject<ApiKeyObject>>(StipRoutes.ApiKeys);

        await first.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.ApiKeys}/{made.Id}");
        await RefreshAsync(second);
        await ApiCaller.RefusedAsync(
            await second.Caller(made.Value).SendAsync(HttpMethod.Get, StipRoutes.Models), 401, "invalid_api_key");
    }

    // Each sees the other's key until its own transaction; without a lock both would go.
    [Fact(Skip = PostgreSqlDatabase.Missing, SkipWhen = nameof(IsMissing))]
    public async Task LastTwoAdministrators_RevokedOnTwoServersAtOnce_LeaveOne()
    {
        await using var database = await PostgreSqlDatabase.CreateAsync();
        using var first = database.Serve();
        using var second = database.Serve();
        for (var i = 0; i < 5; i++)
        {
            var made = await first.Caller().PostAsync<ApiKeyObject>(StipRoutes.ApiKeys, Administrator);
            _ = second.Caller();
            await RefreshAsync(second);
            var keys = (await first.Caller().GetAsync<ListObject<ApiKeyObject>>(StipRoutes.ApiKeys)).Data;
            Assert.Equal(2, keys.Count);
            var other = keys.Single(key => key.Id != made.Id).Id;
            var answers = await Task.WhenAll(
                RevokeAsync(first, other), RevokeAsync(second, made.Id));
            Assert.Equal(
                [HttpStatusCode.OK, HttpStatusCode.BadRequest], answers.OrderBy(status => (int)status));
            await RefreshAsync(first);
            await RefreshAsync(second);
            if (answers[0] == HttpStatusCode.OK)
            {
                return; // The key that the next round would ask with is gone.
            }
        }
    }

    [Fact(Skip = PostgreSqlDatabase.Missing, SkipWhen = nameof(IsMissing))]
    public async Task Database_ThatIsAway_KeepsKnownKeysGoodAndRefusesChanges()
    {
        await using var database = await PostgreSqlDatabase.CreateAsync();
        using var server = database.Serve();
        _ = server.Caller();
        await database.CloseAsync(true);

        await server.Caller().GetAsync<ListObject<ModelObject>>(StipRoutes.Models);
        await ApiCaller.RefusedAsync(
            await server.Caller().PostAsync(StipRoutes.ApiKeys, Administrator), 503, "server_overloaded");

        await database.CloseAsync(false);
        await server.Caller().PostAsync<ApiKeyObject>(StipRoutes.ApiKeys, Administrator);
    }

    [Fact(Skip = PostgreSqlDatabase.Missing, SkipWhen = nameof(IsMissing))]
    public async Task LineOfTheAuditLog_CannotBeChangedOrDeleted()
    {
        await using var database = await PostgreSqlDatabase.CreateAsync();
        using var server = database.Serve();
        _ = server.Caller();
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        foreach (var statement in (string[])
            ["DELETE FROM audit_events", "UPDATE audit_events SET actor = 'nobody'", "TRUNCATE audit_events"])
        {
#pragma warning disable CA2100 // Written above.
            await using var command = new NpgsqlCommand(statement, connection);
#pragma warning restore CA2100
            var fault = await Assert.ThrowsAsync<PostgresException>(
                () => command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
            Assert.Contains("append-only", fault.Message, StringComparison.Ordinal);
        }
    }

    private static Task RefreshAsync(ApiServer server) => server.Services.GetRequiredService<ApiKeyStore>()
        .RefreshAsync(TestContext.Current.CancellationToken);

    private static async Task<HttpStatusCode> RevokeAsync(ApiServer server, string id) =>
        (await server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.ApiKeys}/{id}")).StatusCode;
}
