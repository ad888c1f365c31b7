namespace Stip.Protocol.Audit;

/// <summary>The acts that the audit log knows.</summary>
public static class AuditEventTypes
{
    /// <summary>A key was made.</summary>
    public const string KeyCreated = "api_key.created";

    /// <summary>A key got a new value.</summary>
    public const string KeyRotated = "api_key.rotated";

    /// <summary>A key was revoked.</summary>
    public const string KeyRevoked = "api_key.revoked";

    /// <summary>A key was taken over from the file of an earlier version.</summary>
    public const string KeyMigrated = "api_key.migrated";

    /// <summary>A package was registered under a name that was free.</summary>
    public const string ModelRegistered = "model.registered";

    /// <summary>A package took the place of another one.</summary>
    public const string ModelReplaced = "model.replaced";

    /// <summary>A model was removed with its package.</summary>
    public const string ModelRemoved = "model.removed";

    /// <summary>An upload was given up by its owner.</summary>
    public const string UploadCancelled = "upload.cancelled";

    /// <summary>An upload that nobody touched for long was removed.</summary>
    public const string UploadExpired = "upload.expired";
}
