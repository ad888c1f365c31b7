namespace Stip.Api.Runtime;

/// <summary>Names of the cache tensors: key and value of layer 0, of layer 1, …</summary>
internal sealed class CacheNames(int layers)
{
    public IReadOnlyList<string> Past { get; } = Of("past_key_values", layers);

    public IReadOnlyList<string> Present { get; } = Of("present", layers);

    private static string[] Of(string prefix, int layers) =>
        [.. Enumerable.Range(0, layers).SelectMany(i => new[] { $"{prefix}.{i}.key", $"{prefix}.{i}.value" })];
}
