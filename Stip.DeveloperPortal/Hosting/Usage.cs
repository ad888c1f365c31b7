namespace Stip.DeveloperPortal.Hosting;

/// <summary>What the program says of itself instead of starting.</summary>
internal static class Usage
{
    public const string Text = """
        Stip.DeveloperPortal: web pages of a model's developer, for this machine.

        Usage:
          Stip.DeveloperPortal [--urls ADDRESS] [--Stip:Portal:SETTING VALUE]…

        Settings, with their defaults:
          --urls                           http://127.0.0.1:5180
          --Stip:Portal:PackagesDirectory  data/packages: outputs of stip-export protect, a folder each
          --Stip:Portal:Endpoint           address of a Stip.Api server; none shows none
          --Stip:Portal:ApiKey             its key with models:write; better as Stip__Portal__ApiKey in the environment
        """;

    public static bool IsAskedFor(string[] args) => args is ["--help" or "-h" or "-?" or "/?", ..];
}
