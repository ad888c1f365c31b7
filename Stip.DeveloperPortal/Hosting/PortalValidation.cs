using Microsoft.Extensions.Options;

namespace Stip.DeveloperPortal.Hosting;

/// <summary>Refuses settings at the start that no page could be shown with.</summary>
internal sealed class PortalValidation : IValidateOptions<PortalOptions>
{
    public ValidateOptionsResult Validate(string? name, PortalOptions options)
    {
        var faults = new List<string>();
        if (!string.IsNullOrWhiteSpace(options.Endpoint)
            && !(Uri.TryCreate(options.Endpoint, UriKind.Absolute, out var address)
                && address.Scheme is "http" or "https"))
        {
            faults.Add($"{PortalOptions.Section}:Endpoint '{options.Endpoint}' is not an http or https address");
        }

        // It is no one's to read, not even where it is wrong.
        if (options.ApiKey is { } key && (key.Any(sign => sign is < ' ' or > '~') || key.Trim() != key))
        {
            faults.Add($"{PortalOptions.Section}:ApiKey begins or ends with white space, or has a line end or another "
                + "character that is not printable ASCII");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
