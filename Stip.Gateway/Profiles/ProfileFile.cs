using System.Text.Json;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Profiles;

/// <summary>The profile that <c>login</c> keeps: a file that only its owner may read.</summary>
internal sealed class ProfileFile(string path)
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerFolder = OwnerFile | UnixFileMode.UserExecute;

    /// <summary>The user's own, in <c>XDG_CONFIG_HOME</c> (else <c>.config</c> at home).</summary>
    public static ProfileFile OfUser { get; } = new(Path.Combine(
        Environment.GetFolderPath(
            Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "stip",
        "profile.json"));

    public string Location => path;

    public bool Exists => File.Exists(path);

    /// <returns>Null where there is none.</returns>
    /// <exception cref="RefusedException">Others may read it, or it is no profile.</exception>
    public Profile? Read()
    {
        if (!Exists)
        {
            return null;
        }

        if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(path) is var mode && (mode & ~OwnerFile) != 0)
        {
            throw new RefusedException(
                $"{path} has mode {Convert.ToString((int)mode, 8)}, not 600: others may have read the key; " +
                "make a new one, or chmod 600 it");
        }

        try
        {
            var profile = JsonSerializer.Deserialize<Profile>(File.ReadAllBytes(path));
            return profile is { Endpoint.IsAbsoluteUri: true, ApiKey.Length: > 0 } ? profile : throw NoProfile(null);
        }
        catch (JsonException fault)
        {
            throw NoProfile(fault);
        }
    }

    /// <summary>Writes it whole or not at all.</summary>
    public void Write(Profile profile)
    {
        var folder = Path.GetDirectoryName(path)!;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerFolder);
        }

        var fresh = $"{path}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerFile;
        }

        try
        {
            using (var file = new FileStream(fresh, options))
            {
                JsonSerializer.Serialize(file, profile);
            }

            File.Move(fresh, path, overwrite: true);
        }
        finally
        {
            File.Delete(fresh);
        }
    }

    /// <returns>False where there was none.</returns>
    public bool Delete()
    {
        var existed = Exists;
        if (existed)
        {
            File.Delete(path);
        }

        return existed;
    }

    private RefusedException NoProfile(Exception? fault) =>
        new($"{path} is no profile: log in again", fault);
}
