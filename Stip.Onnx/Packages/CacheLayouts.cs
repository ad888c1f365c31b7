namespace Stip.Onnx.Packages;

/// <summary>Values of <c>cache.layout</c> in manifests.</summary>
public static class CacheLayouts
{
    /// <summary>Past and present are one buffer <c>[batch, kv_heads, max_len, head_dim]</c>.</summary>
    public const string Shared = "shared";

    /// <summary>Present is past plus the new rows, as other exporters write it.</summary>
    public const string Growing = "growing";
}
