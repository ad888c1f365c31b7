namespace Stip.Protocol.ApiKeys;

/// <summary>What an API key may do.</summary>
public static class ApiKeyScopes
{
    /// <summary>Upload, register and delete models.</summary>
    public const string ModelsWrite = "models:write";

    /// <summary>Make, list, rotate and revoke API keys; read the audit log.</summary>
    public const string KeysAdmin = "keys:admin";

    /// <summary>Ask models.</summary>
    public const string Infer = "infer";

    /// <summary>Every scope.</summary>
    public static IReadOnlyList<string> All { get; } = [ModelsWrite, KeysAdmin, Infer];
}
