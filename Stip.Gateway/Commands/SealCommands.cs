using System.CommandLine;
using Stip.Gateway.Terminal;
using Stip.Keys.Sealing;

namespace Stip.Gateway.Commands;

/// <summary><c>bundle seal | unseal | rekey</c>. Passphrases come from the environment, so that no list of processes
/// shows them.</summary>
internal static class SealCommands
{
    private const string PassphraseVariable = "STIP_PASSPHRASE";
    private const string NewPassphraseVariable = "STIP_NEW_PASSPHRASE";

    public static Command CreateSeal()
    {
        var (bundle, output) = (Needed("--bundle", "Folder client/ of protect."), Needed("--output", "File to make."));
        var recipient = Pem("--recipient", "PEM of the user's public key (P-256)", PassphraseVariable);
        var command = new Command("seal", "Encrypts a bundle for one user.") { bundle, output, recipient };
        command.SetAction(parsed => SealedBundle.Seal(
            parsed.GetRequiredValue(bundle),
            parsed.GetRequiredValue(output),
            Secret(parsed.GetValue(recipient), PassphraseVariable)));
        return command;
    }

    public static Command CreateUnseal()
    {
        var (bundle, output) = (Needed("--bundle", "Sealed file."), Needed("--output", "Folder to make."));
        var identity = Identity("PEM of the user's private key");
        var command = new Command("unseal", "Decrypts a sealed bundle into a folder that only its owner can read.")
        {
            bundle, output, identity,
        };
        command.SetAction(parsed => SealedBundle.Unseal(
            parsed.GetRequiredValue(bundle),
            parsed.GetRequiredValue(output),
            SecretOf(parsed.GetValue(identity))));
        return command;
    }

    public static Command CreateRekey()
    {
        var (bundle, output) = (Needed("--bundle", "Sealed file."), Needed("--output", "File to make."));
        var identity = Identity("PEM of the private key that opens it");
        var recipient = Pem("--recipient", "PEM of the new public key", NewPassphraseVariable);
        var command = new Command("rekey", "Seals a sealed bundle anew, under a new key.")
        {
            bundle, output, identity, recipient,
        };
        command.SetAction(parsed => SealedBundle.Rekey(
            parsed.GetRequiredValue(bundle),
            parsed.GetRequiredValue(output),
            SecretOf(parsed.GetValue(identity)),
            Secret(parsed.GetValue(recipient), NewPassphraseVariable)));
        return command;
    }

    /// <summary>The option that names a private key.</summary>
    public static Option<string?> Identity(string what) => Pem("--identity", what, PassphraseVariable);

    /// <summary>The private key, or the passphrase of the environment.</summary>
    public static SealSecret SecretOf(string? identity) => Secret(identity, PassphraseVariable);

    /// <summary>What a sealed file says of itself, one line each.</summary>
    public static void Show(string path)
    {
        var header = SealedBundle.Inspect(path);
        Console.WriteLine($"model        {header.Model}");
        Console.WriteLine($"instance     {header.Instance}, key epoch {header.KeyEpoch}");
        Console.WriteLine($"sealed by    {header.Lock.Kind}");
        Console.WriteLine($"files        {header.Files.Count}, {header.Files.Sum(file => file.Bytes)} bytes");
    }

    private static Option<string> Needed(string name, string description) =>
        new(name) { Required = true, Description = description };

    private static Option<string?> Pem(string name, string what, string variable) =>
        new(name) { Description = $"{what}; without it the passphrase in {variable}." };

    private static SealSecret Secret(string? pem, string variable) => pem is not null
        ? SealSecret.FromPem(File.ReadAllText(pem))
        : Environment.GetEnvironmentVariable(variable) is { Length: > 0 } passphrase
            ? SealSecret.FromPassphrase(passphrase)
            : throw new RefusedException($"there is no passphrase: set {variable}, or give a key");
}
