using Npgsql;

namespace Stip.Api.Registry.Database;

/// <summary>Tells a database server that is away from other faults.</summary>
internal static class DatabaseFaults
{
    /// <summary>True where the same may succeed later: no connection, one that broke, a server that restarts.</summary>
    public static bool IsAway(Exception? fault) => fault switch
    {
        null => false,
        NpgsqlException { IsTransient: true } => true,
        _ => IsAway(fault.InnerException),
    };
}
