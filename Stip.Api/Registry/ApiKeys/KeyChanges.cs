using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Stip.Api.Engine;
using Stip.Api.Registry.Database;

namespace Stip.Api.Registry.ApiKeys;

/// <summary>Changes of the keys in the database, one after the other and each one transaction.</summary>
/// <remarks>What is shown afterwards was read in it: once it is committed nothing more is asked of the database, so
/// that an answer, with a value that is nowhere else, does not depend on a second question.</remarks>
internal sealed class KeyChanges(RegistryDatabase database, KeyDirectory directory) : IDisposable
{
    private readonly SemaphoreSlim _changing = new(1, 1);

    /// <summary>Shows what the database holds.</summary>
    /// <exception cref="InvalidOperationException">It cannot be read; one line says why.</exception>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await _changing.WaitAsync(cancellation);
        try
        {
            await using var connection = await database.ConnectAsync(cancellation);
            directory.Show(await ReadAsync(connection, null, cancellation));
        }
        catch (DbException e)
        {
            throw database.Unusable(e);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Makes a change, or none where it is refused.</summary>
    /// <param name="change">Says what it is; it is saved afterwards.</param>
    /// <param name="isMade">Whether keys are as it leaves them: a connection may break while it is committed.</param>
    public async Task<Outcome<T>> MakeAsync<T>(
        Func<RegistryContext, Task<Outcome<T>>> change, Func<IReadOnlyList<ApiKeyRecord>, bool> isMade)
    {
        await _changing.WaitAsync();
        try
        {
            await using var context = database.Open();
            await using var transaction = await context.Database.BeginTransactionAsync();
            if (database.IsShared)
            {
                await context.Database.ExecuteSqlRawAsync(RegistryLock.Take);
            }

            var outcome = await change(context);
            if (outcome.Refusal is null)
            {
                await context.SaveChangesAsync();
                var keys = await ReadAsync(
                    context.Database.GetDbConnection(), transaction.GetDbTransaction(), CancellationToken.None);
                await CommitAsync(transaction, isMade);
                directory.Show(keys);
            }

            return outcome;
        }
        finally
        {
            _changing.Release();
        }
    }

    public void Dispose() => _changing.Dispose();

    private async Task CommitAsync(IDbContextTransaction transaction, Func<IReadOnlyList<ApiKeyRecord>, bool> isMade)
    {
        try
        {
            await transaction.CommitAsync();
        }
        catch (Exception e) when (DatabaseFaults.IsAway(e))
        {
            if (!isMade(await ReadWhenOverAsync()))
            {
                throw;
            }
        }
    }

    // The lock of a transaction whose end nobody heard of is held until it has one.
    private async Task<IReadOnlyList<ApiKeyRecord>> ReadWhenOverAsync()
    {
        await using var connection = await database.ConnectAsync(CancellationToken.None);
        await using var transaction = await connection.BeginTransactionAsync();
        await using var taking = connection.CreateCommand();
        (taking.Transaction, taking.CommandText) = (transaction, RegistryLock.Take);
        await taking.ExecuteNonQueryAsync();
        return await ReadAsync(connection, transaction, CancellationToken.None);
    }

    private static async Task<ApiKeyRecord[]> ReadAsync(
        DbConnection open, DbTransaction? transaction, CancellationToken cancellation) =>
        [.. (await FirstRows.ReadAsync(open, transaction, cancellation)).Select(row => row.ToRecord())];
}
