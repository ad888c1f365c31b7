namespace Stip.Export.Terminal;

/// <summary>What the process says when it ends.</summary>
internal static class ExitCodes
{
    public const int Refused = 1;
    public const int WrongUsage = 2;
}
