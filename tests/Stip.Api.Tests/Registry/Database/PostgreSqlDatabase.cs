using Npgsql;
using Stip.Api.Tests.Hosting;

namespace Stip.Api.Tests.Registry.Database;

/// <summary>A database of its own on the PostgreSQL server that STIP_POSTGRESQL names (Npgsql's connection string of a
/// role that may make databases); dropped at the end.</summary>
internal sealed class PostgreSqlDatabase : IAsyncDisposable
{
    /// <summary>Why a test that needs it is skipped.</summary>
    public const string Missing = "STIP_POSTGRESQL does not name a PostgreSQL server";

    private readonly string _name = "stip_test_" + Guid.NewGuid().ToString("N");

    private PostgreSqlDatabase()
    {
    }

    public static string? Server { get; } =
        Environment.GetEnvironmentVariable("STIP_POSTGRESQL") is { Length: > 0 } server ? server : null;

    public string ConnectionString => new NpgsqlConnectionStringBuilder(Server) { Database = _name }.ToString();

    public static async Task<PostgreSqlDatabase> CreateAsync()
    {
        var database = new PostgreSqlDatabase();
        await AskAsync($"CREATE DATABASE {database._name}");
        return database;
    }

    /// <summary>A server of ours over it.</summary>
    /// <param name="way">Another way to it; null for the direct one.</param>
    public ApiServer Serve(string? way = null) => new(
        ("Stip:Api:Database:Provider", "postgresql"),
        ("Stip:Api:Database:ConnectionString", way ?? ConnectionString));

    /// <summary>From now on, or no longer, nobody gets in; who is in is thrown out.</summary>
    public async Task CloseAsync(bool isClosed)
    {
        await AskAsync($"ALTER DATABASE {_name} ALLOW_CONNECTIONS {!isClosed}");
        await AskAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{_name}'");
    }

    public async ValueTask DisposeAsync() => await AskAsync($"DROP DATABASE {_name} WITH (FORCE)");

#pragma warning disable CA2100 // The name is ours.
    private static async Task AskAsync(string statement)
    {
        await using var connection = new NpgsqlConnection(Server);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }
#pragma warning restore CA2100
}
