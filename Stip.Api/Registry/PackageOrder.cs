using Stip.Api.Engine;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry;

/// <summary>Which of two packages of one model comes after the other.</summary>
internal static class PackageOrder
{
    // Epochs count the keys of one instance; they say nothing of another's.
    public static bool IsNewer(HostedModel one, HostedModel other) =>
        one.Manifest.Instance == other.Manifest.Instance && one.Manifest.KeyEpoch != other.Manifest.KeyEpoch
            ? one.Manifest.KeyEpoch > other.Manifest.KeyEpoch
            : one.CreatedAt > other.CreatedAt;

    /// <summary>Why a package may not take the place of what is there; null where it may.</summary>
    public static Refusal? TooOld(HostedModel? there, PackageManifest manifest) =>
        there?.Manifest is { } old && old.Instance == manifest.Instance && old.KeyEpoch > manifest.KeyEpoch
            ? ModelRegistry.Invalid(
                [$"key_epoch {manifest.KeyEpoch} is older than the registered {old.KeyEpoch}"])
            : null;

    /// <summary>A time after the other's: a clock may go back, and of two that a restart finds the one that came later
    /// is to be known as that.</summary>
    public static DateTimeOffset After(HostedModel? old, DateTimeOffset now) =>
        old is null || old.CreatedAt < now
            ? now
            : new DateTimeOffset(Math.Min(old.CreatedAt.UtcTicks, DateTime.MaxValue.Ticks - 1) + 1, TimeSpan.Zero);
}
