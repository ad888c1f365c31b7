using System.Security.Cryptography;

namespace Stip.Client.Tools;

/// <summary>Ids of calls that the model gave none.</summary>
internal sealed class ToolCallIds(ToolDialect dialect)
{
    // Templates of Mistral refuse ids of another length.
    private const int Short = 9;
    private const int Long = 24;

    private const string Characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    public string New() => dialect == ToolDialect.List
        ? RandomNumberGenerator.GetString(Characters, Short)
        : $"call_{RandomNumberGenerator.GetString(Characters, Long)}";
}
