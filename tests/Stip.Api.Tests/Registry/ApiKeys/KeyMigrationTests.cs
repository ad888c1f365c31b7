using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Stip.Api.Registry;
using Stip.Api.Registry.ApiKeys;
using Stip.Api.Registry.Database;
using Stip.Api.Tests.Hosting;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;
using Stip.Protocol.Audit;
using Stip.Protocol.Models;
using Stip.TestKit;

namespace Stip.Api.Tests.Registry.ApiKeys;

/// <summary>Keys of version 0.1 lay in one JSON file.</summary>
public sealed class KeyMigrationTests
{
    private const string UserHash = "54d1a3ab3ee3ef8d1bff2bd4fa9b8fdc1ea3ab15e9cf1b1d5b9a2fd8f2a9d0f1";

    [Fact]
    public async Task Keys_OfAnEarlierVersionsFile_AreTakenOverOnce()
    {
        using var folder = new TemporaryFolder();
        var path = WriteFile(folder, ApiServer.AdminKey);
        using (var server = new ApiServer(folder.Path))
        {
            var keys = await server.Caller().GetAsync<ListObject<ApiKeyObject>>(StipRoutes.ApiKeys);
            Assert.Equal(["key_admin", "key_user"], keys.Data.Select(key => key.Id));
            var user = keys.Data[1];
            Assert.Equal((1_900_000_000L, "alice", "stip_…beef"), (user.ExpiresAt, user.Name, user.RedactedValue));
            Assert.Equal(["tiny"], user.Models);
            var events = await server.Caller().GetAsync<AuditPage>(StipRoutes.AuditEvents);
            Assert.Equal(2, events.Data.Count(act => act.Type == AuditEventTypes.KeyMigrated));
            await server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.ApiKeys}/key_user");
        }

        Assert.False(File.Exists(path));
        Assert.True(File.Exists(path + ".migrated"));
        using var again = new ApiServer(folder.Path);
        Assert.Single((await again.Caller().GetAsync<ListObject<ApiKeyObject>>(StipRoutes.ApiKeys)).Data);
    }

    // Killed after the commit, before the file was set aside.
    [Fact]
    public async Task File_ThatIsStillThereAfterItWasTakenOver_BringsNoRevokedKeyBack()
    {
        using var folder = new TemporaryFolder();
        var path = WriteFile(folder, ApiServer.AdminKey);
        using (var server = new ApiServer(folder.Path))
        {
            await server.Caller().SendAsync(HttpMethod.Delete, $"{StipRoutes.ApiKeys}/key_user");
        }

        File.Move(path + ".migrated", path);
        using var again = new ApiServer(folder.Path);
        Assert.Single((await again.Caller().GetAsync<ListObject<ApiKeyObject>>(StipRoutes.ApiKeys)).Data);
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData("api_keys.json", "{\"keys\":[{\"id\":\"key_admin\"")]
    [InlineData("api_keys.json", "{\"keys\":[{\"id\":\"key_admin\"}]}")]
    [InlineData("api_keys.json", "{}")]
    [InlineData("registry.db", "this is no database, however long one looks at it; and it goes on for a while")]
    public async Task Store_ThatCannotBeRead_IsRefusedInOneLineAndLeftAlone(string file, string content)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("keys"));
        await File.WriteAllTextAsync(folder.At("keys", file), content, TestContext.Current.CancellationToken);
        var folders = new DataFolders(Options.Create(new ApiOptions { DataDirectory = folder.Path }));
        using var store = new ApiKeyStore(
            new RegistryDatabase(folders, Options.Create(new DatabaseOptions())), new KeyFile(folders),
            new KeyDirectory(TimeProvider.System), TimeProvider.System);
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(
            () => store.OpenAsync(() => Task.CompletedTask, TestContext.Current.CancellationToken));
        Assert.Contains(file, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.Equal(
            content,
            await File.ReadAllTextAsync(folder.At("keys", file), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task AuditEvents_InTheDatabase_CannotBeChanged()
    {
        using var server = new ApiServer();
        await using var context = server.Services.GetRequiredService<RegistryDatabase>().Open();
        foreach (var change in new[] { "UPDATE audit_events SET actor = 'x'", "DELETE FROM audit_events" })
        {
            var fault = await Assert.ThrowsAsync<SqliteException>(() => context.Database.ExecuteSqlRawAsync(
                change, TestContext.Current.CancellationToken));
            Assert.Contains("append-only", fault.Message, StringComparison.Ordinal);
        }

        Assert.Single(await context.AuditEvents.ToListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Database_OfKeys_IsForItsOwnerOnly()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var server = new ApiServer();
        _ = server.Services;
        var path = Path.Combine(server.DataDirectory, "keys", "registry.db");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    private static string WriteFile(TemporaryFolder folder, string adminKey)
    {
        var hash = Convert.ToHexStringLower(
            System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(adminKey)));
        Directory.CreateDirectory(folder.At("keys"));
        var path = folder.At("keys", "api_keys.json");
        File.WriteAllText(path, $$"""
            {"keys":[
              {"id":"key_admin","name":"admin","sha256":"{{hash}}","redacted_value":"stip_…only",
               "scopes":["models:write","keys:admin","infer"],"created_at":"2025-01-02T03:04:05+00:00"},
              {"id":"key_user","name":"alice","sha256":"{{UserHash}}","redacted_value":"stip_…beef",
               "scopes":["infer"],"created_at":"2025-02-02T03:04:05+00:00","models":["tiny"],
               "expires_at":"2030-03-17T17:46:40+00:00"}]}
            """);
        return path;
    }
}
