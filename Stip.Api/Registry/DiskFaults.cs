using Microsoft.Data.Sqlite;

namespace Stip.Api.Registry;

/// <summary>Tells a disk without room from other faults.</summary>
internal static class DiskFaults
{
    private const int SqliteFull = 13;

    // ENOSPC and EDQUOT of Linux and macOS; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL.
    private static readonly int[] Full = [28, 122, 69, unchecked((int)0x80070070), unchecked((int)0x80070027)];

    public static bool IsFull(Exception? fault) => fault switch
    {
        null => false,
        SqliteException { SqliteErrorCode: SqliteFull } => true,
        IOException e when Full.Contains(e.HResult) => true,
        _ => IsFull(fault.InnerException),
    };
}
