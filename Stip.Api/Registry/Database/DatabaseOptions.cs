using System.ComponentModel.DataAnnotations;

namespace Stip.Api.Registry.Database;

/// <summary><c>Stip:Api:Database</c>: where keys and the audit log are kept.</summary>
internal sealed class DatabaseOptions
{
    public const string Section = "Stip:Api:Database";
    public const string Sqlite = "sqlite";
    public const string PostgreSql = "postgresql";

    /// <summary><c>sqlite</c> (a file of the data directory) or <c>postgresql</c>.</summary>
    [RegularExpression($"{Sqlite}|{PostgreSql}", ErrorMessage = "neither 'sqlite' nor 'postgresql'")]
    public string Provider { get; set; } = Sqlite;

    /// <summary>Npgsql's connection string; not for SQLite.</summary>
    public string? ConnectionString { get; set; }
}
