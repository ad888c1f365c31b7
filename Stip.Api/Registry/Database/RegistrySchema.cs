namespace Stip.Api.Registry.Database;

/// <summary>The tables, made where they are not there yet; written out, so that a start asks one question.</summary>
internal static class RegistrySchema
{
    private const string Tables = """
        CREATE TABLE IF NOT EXISTS api_keys (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            scopes TEXT NOT NULL,
            models TEXT NULL,
            limits TEXT NULL,
            created_at BIGINT NOT NULL,
            expires_at BIGINT NULL);
        CREATE TABLE IF NOT EXISTS api_key_secrets (
            sha256 TEXT NOT NULL PRIMARY KEY,
            key_id TEXT NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
            redacted_value TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            good_until BIGINT NULL);
        CREATE INDEX IF NOT EXISTS api_key_secrets_key_id ON api_key_secrets (key_id);
        CREATE TABLE IF NOT EXISTS audit_events (
            id {0} PRIMARY KEY{1},
            type TEXT NOT NULL,
            created_at BIGINT NOT NULL,
            actor TEXT NOT NULL,
            subject TEXT NOT NULL,
            request_id TEXT NULL,
            details TEXT NULL);
        """;

    private const string SqliteTriggers = """
        CREATE TRIGGER IF NOT EXISTS audit_events_update BEFORE UPDATE ON audit_events
            BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END;
        CREATE TRIGGER IF NOT EXISTS audit_events_delete BEFORE DELETE ON audit_events
            BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END;
        """;

    private const string PostgreSqlTriggers = """
        CREATE OR REPLACE FUNCTION audit_events_refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'audit_events is append-only'; END $$;
        CREATE OR REPLACE TRIGGER audit_events_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
            FOR EACH STATEMENT EXECUTE FUNCTION audit_events_refuse();
        """;

    /// <summary>Numbers of SQLite never come again, not even where the newest row went.</summary>
    public static string Sqlite { get; } =
        string.Join('\n', "BEGIN;", Of("INTEGER", " AUTOINCREMENT"), SqliteTriggers, "COMMIT;");

    /// <summary>Servers that start together make the tables one after the other: PostgreSQL fails the second of two
    /// that make the same table at once, even with IF NOT EXISTS.</summary>
    public static string PostgreSql { get; } = string.Join(
        '\n', "BEGIN;", RegistryLock.Take + ";", Of("BIGINT GENERATED ALWAYS AS IDENTITY", ""), PostgreSqlTriggers,
        "COMMIT;");

    private static string Of(string identity, string suffix) => Tables
        .Replace("{0}", identity, StringComparison.Ordinal).Replace("{1}", suffix, StringComparison.Ordinal);
}
