using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Stip.Api.Registry.Database;

/// <summary>Opens the database of keys and the audit log: a file of the data directory, or PostgreSQL.</summary>
internal sealed class RegistryDatabase
{
    private const string FileName = "registry.db";
    private readonly Lazy<DbContextOptions<RegistryContext>> _context;
    private readonly Func<DbConnection> _connection;
    private readonly string _shown;
    private readonly string? _path;

    public RegistryDatabase(DataFolders folders, IOptions<DatabaseOptions> options)
    {
        IsShared = options.Value.Provider == DatabaseOptions.PostgreSql;
        if (IsShared)
        {
            var target = options.Value.ConnectionString;
            (_shown, _connection) = ("the PostgreSQL database", () => new NpgsqlConnection(target));
            _context = new(() => new DbContextOptionsBuilder<RegistryContext>().UseNpgsql(target).Options);
        }
        else
        {
            _path = Path.Combine(folders.Keys, FileName);
            // Without a pool, which would hold the file after the server ended.
            var target = new SqliteConnectionStringBuilder { DataSource = _path, Pooling = false }.ToString();
            (_shown, _connection) = ($"keys/{FileName} of the data directory", () => new SqliteConnection(target));
            _context = new(() => new DbContextOptionsBuilder<RegistryContext>().UseSqlite(target).Options);
        }
    }

    /// <summary>True where other servers may change it as well.</summary>
    public bool IsShared { get; }

    public RegistryContext Open() => new(_context.Value);

    /// <summary>An open connection without Entity Framework.</summary>
    /// <exception cref="InvalidOperationException">It cannot be opened; one line says why.</exception>
    public async Task<DbConnection> ConnectAsync(CancellationToken cancellation)
    {
        var connection = _connection();
        try
        {
            await connection.OpenAsync(cancellation);
            return connection;
        }
        catch (Exception e) when (IsFault(e))
        {
            await connection.DisposeAsync();
            throw Unusable(e);
        }
    }

    /// <summary>Makes the tables where they are missing.</summary>
    /// <exception cref="InvalidOperationException">It cannot be opened; one line says why.</exception>
    public async Task CreateAsync(CancellationToken cancellation)
    {
        MakeFile();
        await using var connection = await ConnectAsync(cancellation);
        try
        {
            await using var command = connection.CreateCommand();
            command.CommandText = IsShared ? RegistrySchema.PostgreSql : RegistrySchema.Sqlite;
            await command.ExecuteNonQueryAsync(cancellation);
        }
        catch (Exception e) when (IsFault(e))
        {
            throw Unusable(e);
        }
    }

    /// <summary>A fault of the database as one line for whoever started the server.</summary>
    public InvalidOperationException Unusable(Exception fault) =>
        new($"{_shown} cannot be used: {fault.Message.ReplaceLineEndings(" ")}", fault);

    private static bool IsFault(Exception fault) => fault is DbException or ArgumentException
        or InvalidOperationException or System.Net.Sockets.SocketException;

    // Before SQLite does, which would let everybody on the machine read it.
    private void MakeFile()
    {
        if (_path is not null && !File.Exists(_path))
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using var file = new FileStream(_path, options);
        }
    }
}
