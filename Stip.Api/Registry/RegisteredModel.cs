namespace Stip.Api.Registry;

/// <summary>What became of a registration.</summary>
/// <param name="Model">Serves the package from now on.</param>
/// <param name="Before">What it replaced: another package of its name, or the same one, damaged by a disk.</param>
/// <param name="IsNew">False where the same package was there already.</param>
internal sealed record RegisteredModel(HostedModel Model, HostedModel? Before, bool IsNew);
