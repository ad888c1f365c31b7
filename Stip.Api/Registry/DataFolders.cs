using Microsoft.Extensions.Options;

namespace Stip.Api.Registry;

/// <summary>Where things lie under <see cref="ApiOptions.DataDirectory"/>.</summary>
internal sealed class DataFolders
{
    public DataFolders(IOptions<ApiOptions> options)
    {
        var root = Path.GetFullPath(options.Value.DataDirectory);
        (Packages, Staging) = (Path.Combine(root, "packages"), Path.Combine(root, "staging"));
        (Uploads, Keys) = (Path.Combine(root, "uploads"), Path.Combine(root, "keys"));
        foreach (var folder in new[] { Packages, Staging, Uploads, Keys })
        {
            Directory.CreateDirectory(folder);
        }
    }

    /// <summary>One folder a package; a folder here is whole.</summary>
    public string Packages { get; }

    /// <summary>Packages in the making: emptied at the start.</summary>
    public string Staging { get; }

    public string Uploads { get; }

    public string Keys { get; }
}
