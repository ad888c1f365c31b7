namespace Stip.Api.Registry.Database;

/// <summary>Changes of servers that share a PostgreSQL database happen one after the other, so that what one of them
/// looked at (is this the first key, the last administrator's?) still holds when it writes.</summary>
internal static class RegistryLock
{
    /// <summary>Waits for the lock and holds it until the transaction ends. The number is ours by being unlikely: locks
    /// of this kind are shared by all programs of a database.</summary>
    public const string Take = "SELECT pg_advisory_xact_lock(6000839572640551777)";
}
