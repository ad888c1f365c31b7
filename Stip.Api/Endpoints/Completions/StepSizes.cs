using Stip.Api.Registry.Packages;
using Stip.Protocol.Packages;

namespace Stip.Api.Endpoints.Completions;

/// <summary>How large the body of a step may be.</summary>
internal static class StepSizes
{
    public const long SmallestLimit = 64 << 10;

    /// <summary>What no step exceeds, whatever its model says of itself: 131,072 rows of 4096 numbers of 16 bits. More
    /// go in several steps.</summary>
    public const long LargestLimit = SmallestLimit + (1 << 30);

    /// <summary>The longest session, and the longest source where the model reads one, in float32 as base64.</summary>
    /// <param name="manifest">Of the model.</param>
    /// <param name="maxLength">Longest session of the server in tokens; 0 for the model's own.</param>
    public static long MaxBodyBytes(PackageManifest manifest, int maxLength)
    {
        var tokens = maxLength > 0 ? Math.Min(maxLength, manifest.ContextLength) : manifest.ContextLength;
        var width = manifest.Graphs?.GetValueOrDefault(Roles.Encoder) is { } encoder
            ? SeenSources.Of(encoder, manifest.HiddenSize)?.SourceWidth ?? manifest.HiddenSize
            : manifest.HiddenSize;
        var numbers = ((decimal)tokens * manifest.HiddenSize) + ((decimal)(manifest.SourceLength ?? 0) * width);
        var bytes = numbers * sizeof(float) / 3 * 4;
        return (long)Math.Min(SmallestLimit + bytes, LargestLimit);
    }
}
