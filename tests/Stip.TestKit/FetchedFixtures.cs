namespace Stip.TestKit;

/// <summary>Fixtures that may not be copied here, or are too large: the folder that STIP_FIXTURES names.</summary>
public static class FetchedFixtures
{
    /// <summary>Why a test that needs them is skipped.</summary>
    public const string Missing = "STIP_FIXTURES does not name the folder of fetched fixtures";

    /// <summary>Null where the variable names none.</summary>
    public static string? Folder { get; } =
        Environment.GetEnvironmentVariable("STIP_FIXTURES") is { Length: > 0 } folder ? folder : null;
}
