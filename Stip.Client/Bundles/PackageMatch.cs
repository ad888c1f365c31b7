using Stip.Keys.Bundles;
using Stip.Protocol.Errors;
using Stip.Protocol.Models;

namespace Stip.Client.Bundles;

/// <summary>Whether a server has the package that a bundle belongs to.</summary>
internal static class PackageMatch
{
    /// <param name="bundle">The bundle.</param>
    /// <param name="info">What the server says.</param>
    /// <param name="roles">Graphs that are needed.</param>
    /// <exception cref="StipException"><c>package_invalid</c>: it has another one.</exception>
    public static ModelStipInfo Require(BundleManifest bundle, ModelStipInfo? info, params IReadOnlyList<string> roles)
    {
        var fault = info switch
        {
            null => "the server says nothing about its package",
            _ when info.Fingerprint != bundle.Fingerprint =>
                $"the server has package {Short(info.Fingerprint)}, the bundle belongs to {Short(bundle.Fingerprint)}",
            _ when info.KeyEpoch != bundle.KeyEpoch =>
                $"the server has key epoch {info.KeyEpoch}, the bundle {bundle.KeyEpoch}",
            _ when info.Instance != bundle.Instance => "the server has the keys of another instance",
            _ when info.HiddenSize != bundle.HiddenSize || info.VocabSize != bundle.VocabSize =>
                $"the server has sizes {info.HiddenSize} and {info.VocabSize}, " +
                $"the bundle {bundle.HiddenSize} and {bundle.VocabSize}",
            { Graphs: { } graphs } when roles.FirstOrDefault(role => !graphs.ContainsKey(role)) is { } missing =>
                $"the server's package has no {missing}",
            _ => null,
        };
        return fault is null ? info! : throw new StipException(
            $"model '{bundle.Model}': {fault}; nothing was sent", StipErrorCode.PackageInvalid);
    }

    /// <summary>Refuses an answer under other keys: a model may be replaced after it was asked for its package.
    /// </summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="fingerprint">Of the package that answered; null where an older server says nothing.</param>
    /// <param name="keyEpoch">Of the package that answered.</param>
    /// <param name="recheck">Called before the fault: what the server said before no longer holds.</param>
    /// <exception cref="StipException"><c>package_invalid</c>: another one answered.</exception>
    public static void RequireAnswer(BundleManifest bundle, string? fingerprint, int? keyEpoch, Action recheck)
    {
        if (fingerprint is not null && fingerprint != bundle.Fingerprint)
        {
            recheck();
            throw new StipException(
                $"model '{bundle.Model}': the server has replaced it since it was asked; a bundle of key epoch "
                + $"{keyEpoch} is needed", StipErrorCode.PackageInvalid);
        }
    }

    private static string Short(string? fingerprint) =>
        fingerprint is { Length: > 12 } ? fingerprint[..12] : fingerprint ?? "none";
}
