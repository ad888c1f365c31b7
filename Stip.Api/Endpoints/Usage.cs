namespace Stip.Api.Endpoints;

/// <summary>What the program says of itself instead of starting.</summary>
internal static class Usage
{
    public const string Text = """
        Stip.Api: runs permuted models for clients that keep the keys.

        Usage:
          Stip.Api [--urls ADDRESSES] [--Stip:Api:SETTING VALUE]…

        Settings, the most used of them, with their defaults:
          --urls                            http://localhost:5000; several with ; between them
          --Stip:Api:DataDirectory          data/api in the working directory: packages, uploads, keys
          --Stip:Api:BootstrapKey           administrator's key of the first start; else one is made and printed
          --Stip:Api:ExecutionProvider      auto: CUDA where there is one, else cpu
          --Stip:Api:Engine:CacheMegabytes  0: all caches together take half of the memory
          --Stip:Api:Engine:Slots           256: sessions of one model

        Each is also read from the environment (Stip__Api__DataDirectory; the place for keys, since others see command
        lines) and from appsettings.json beside the program. All of them: docs/api.md.
        """;

    public static bool IsAskedFor(string[] args) => args is ["--help" or "-h" or "-?" or "/?", ..];
}
