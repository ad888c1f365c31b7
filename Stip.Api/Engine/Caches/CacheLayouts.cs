namespace Stip.Api.Engine.Caches;

/// <summary>Values of <c>cache.layout</c> that are served.</summary>
internal static class CacheLayouts
{
    /// <summary>Past and present are one buffer; lengths are inputs.</summary>
    public const string Shared = "shared";

    /// <summary>Present is past plus the new rows; a mask and positions are inputs.</summary>
    public const string Growing = "growing";
}
