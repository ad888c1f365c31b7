using System.Text.Json;
using Microsoft.EntityFrameworkCore;

namespace Stip.Api.Registry.Database;

/// <summary>Keys and the audit log, as tables. Who makes the tables is <see cref="RegistrySchema"/>.</summary>
internal sealed class RegistryContext(DbContextOptions<RegistryContext> options) : DbContext(options)
{
    public DbSet<ApiKeyRow> ApiKeys => Set<ApiKeyRow>();

    public DbSet<ApiKeySecretRow> ApiKeySecrets => Set<ApiKeySecretRow>();

    public DbSet<AuditRow> AuditEvents => Set<AuditRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ApiKeyRow>(key =>
        {
            key.ToTable("api_keys").HasKey(row => row.Id);
            key.HasMany(row => row.Secrets).WithOne().HasForeignKey(secret => secret.KeyId);
        });
        modelBuilder.Entity<ApiKeySecretRow>().ToTable("api_key_secrets").HasKey(row => row.Sha256);
        modelBuilder.Entity<AuditRow>().ToTable("audit_events").HasKey(row => row.Id);
        foreach (var property in modelBuilder.Model.GetEntityTypes().SelectMany(entity => entity.GetProperties()))
        {
            property.SetColumnName(JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
        }
    }
}
