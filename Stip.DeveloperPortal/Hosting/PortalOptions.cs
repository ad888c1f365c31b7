using System.ComponentModel.DataAnnotations;

namespace Stip.DeveloperPortal.Hosting;

/// <summary>Settings under <c>Stip:Portal</c>.</summary>
internal sealed class PortalOptions
{
    public const string Section = "Stip:Portal";

    /// <summary>Folder whose subfolders are outputs of <c>onnx-export protect</c>.</summary>
    [Required]
    public string PackagesDirectory { get; set; } = "data/packages";

    /// <summary>Base address of a Stip.Api server; empty shows no server.</summary>
    public string? Endpoint { get; set; }

    /// <summary>API key for that server; better set by the environment variable <c>Stip__Portal__ApiKey</c>.</summary>
    public string? ApiKey { get; set; }
}
